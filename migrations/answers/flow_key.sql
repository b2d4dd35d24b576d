-- needs: prefix_flows protocol_name service_name

-- Returns the parts of a query that belong to a key of `by`. traffic and top_talkers put them together.
create or replace function flow_key(
  by text,
  out relation text, out ends text, out flow_values text[], out fields smallint[],
  out rollup_values text[], out lists boolean, out key_text text, out name_text text)
language plpgsql immutable parallel safe
as $$
declare
  word text := lower(btrim(by));
  lengths text[] := regexp_match(word, '^(?:src|dst)/(\d{1,3})(?:,(\d{1,3}))?$');
  column_name text := case when word like 'src%' then 'src_addr' else 'dst_addr' end;
  -- The number that rollups give to each field that is a number.
  number_fields constant jsonb :=
    '{"protocol": 1, "direction": 2, "input_if": 3, "output_if": 4, "tos": 5, "src_as": 6, "dst_as": 7}';
  unnamed constant text := 'null::text';
  interface_name constant text := $sql$(
    select min(name) from names where kind = 'interface' and names.key = keys.key
    having count(distinct name) = 1)$sql$;
begin
  relation := 'flows';
  ends := '';
  lists := false;
  fields := '{}';
  rollup_values := '{}';
  key_text := 'k1::text';
  name_text := unnamed;
  if number_fields ? word then
    flow_values := array[word];
    fields := array[(number_fields ->> word)::smallint];
    rollup_values := array['number'];
    lists := fields[1] > 5;
    name_text := case word
      when 'protocol' then 'protocol_name(key::smallint)'
      when 'direction' then $sql$case key when '0' then 'ingress' when '1' then 'egress' end$sql$
      -- Exporters number their interfaces independently of each other.
      when 'input_if' then interface_name
      when 'output_if' then interface_name
      else unnamed end;
  elsif word = 'all' then
    flow_values := '{}';
    fields := '{0}';
    key_text := '''all''';
  elsif word = 'exporter' then
    flow_values := '{exporter}';
    fields := '{0}';
    rollup_values := '{exporter}';
    key_text := 'abbrev(k1)';
    name_text := '(select name from exporters where address = keys.key::inet)';
  elsif word in ('src', 'dst') then
    flow_values := array[column_name];
    fields := array[case word when 'src' then 9 else 10 end];
    rollup_values := '{address}';
    lists := true;
    key_text := 'abbrev(k1)';
  elsif word = 'address' then
    ends := 'cross join lateral (values (src_addr), (dst_addr)) as ends (value)';
    flow_values := '{value}';
    fields := '{9,10}';
    rollup_values := '{address}';
    lists := true;
    key_text := 'abbrev(k1)';
  elsif word = 'interface' then
    ends := 'cross join lateral (values (input_if), (output_if)) as ends (value)';
    flow_values := '{exporter,value}';
    fields := '{3,4}';
    rollup_values := '{exporter,number}';
    key_text := $sql$abbrev(k1) || ' ' || coalesce(k2::text, '-')$sql$;
    name_text := $sql$(
      select coalesce(exporters.name, host(address)) || ' ' || coalesce((
        select min(names.name) from names
        where kind = 'interface' and exporter = address and names.key = split_part(keys.key, ' ', 2)
        having count(distinct names.name) = 1), split_part(keys.key, ' ', 2))
      from exporters where address = split_part(keys.key, ' ', 1)::inet)$sql$;
  elsif word in ('input interface', 'output interface') then
    -- One end of interface, for percentile_traffic.
    flow_values := case word when 'input interface' then '{exporter,input_if}' else '{exporter,output_if}' end;
    fields := array[case word when 'input interface' then 3 else 4 end];
    rollup_values := '{exporter,number}';
    key_text := $sql$abbrev(k1) || ' ' || coalesce(k2::text, '-')$sql$;
  elsif word = 'pair' then
    flow_values := '{src_addr,dst_addr}';
    key_text := $sql$case when k1 is not null or k2 is not null
      then coalesce(abbrev(k1), '-') || ' > ' || coalesce(abbrev(k2), '-') end$sql$;
  elsif word in ('src_port', 'dst_port') then
    flow_values := array[word];
    name_text := 'service_name(6::smallint, key::integer)';
  elsif word = 'service' then
    flow_values := '{"least(src_port, dst_port)"}';
    fields := '{8}';
    rollup_values := '{number}';
    lists := true;
    name_text := 'service_name(6::smallint, key::integer)';
  elsif word = 'application' then
    flow_values := array[$sql$coalesce(extra ->> 'applicationId', extra ->> 'applicationName')$sql$];
    name_text := $sql$(select min(name) from names where kind = 'application' and names.key = keys.key)$sql$;
  elsif word = 'prefix' then
    relation := 'prefix_flows';
    flow_values := '{prefix}';
    fields := '{0}';
    rollup_values := '{prefix}';
    name_text := '(select min(name) from exporter_prefixes where prefix = keys.key::cidr)';
  elsif lengths is not null and lengths[1]::integer <= 128 and coalesce(lengths[2], '0')::integer <= 128 then
    flow_values := array[format('network(set_masklen(%1$s, case family(%1$s) when 4 then %2$s else %3$s end))',
      column_name, least(lengths[1]::integer, 32), coalesce(lengths[2], lengths[1]))];
  else
    raise exception 'nothing is known by "%"', by using
      errcode = 'invalid_parameter_value',
      hint = 'Keys: all, src, dst, address, pair, src_port, dst_port, service, protocol, src_as, dst_as, exporter, input_if, output_if, interface, direction, tos, prefix, application; src/24, dst/48, src/24,56 (IPv4, IPv6).';
  end if;
end
$$;
comment on function flow_key is 'The parts of a query that a key of traffic() and top_talkers() stands for.';
