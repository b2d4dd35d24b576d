-- needs: rollup_parts prefix_flows traffic_bin

create or replace function prefix_traffic(since timestamptz, until timestamptz, step interval)
returns table (
  bucket timestamptz, exporter inet, prefix cidr, name text, direction text,
  bytes numeric, packets numeric, flows bigint, source text)
language plpgsql stable parallel safe rows 1000
set search_path from current set timezone = 'UTC' set jit = off set work_mem = '64MB'
as $$
declare
  bin record;
  part record;
  number smallint;
  branches text[] := '{}';
begin
  select * into strict bin from traffic_bin(step);
  for part in select * from rollup_parts(since, until, bin.levels, false, true) loop
    number := array_position(array['raw', 'minute', 'hour', 'day'], part.source) - 1;
    branches := branches || format(
      $sql$
      select %1$s as bin, exporter, prefix, side, coalesce(sampling_rate, 1) as rate,
        sum(bytes) as bytes, sum(packets) as packets, %2$s as flows, %3$s as source
      from %4$s and %5$s >= %6$L and %5$s < %7$L group by 1, 2, 3, 4, 5
      $sql$,
      replace(bin.expression, ' at,', case number when 0 then ' received_at,' else ' bucket,' end),
      case number when 0 then 'count(*)' else 'sum(flows)' end,
      number,
      case number when 0 then 'prefix_flows where true'
        else format('rollup_%s where field = 0 and prefix is not null', part.source) end,
      case number when 0 then 'received_at' else 'bucket' end,
      part.part_since, part.part_until);
  end loop;
  if branches = '{}' then return; end if;
  return query execute format(
    $sql$
    select bin, sums.exporter, sums.prefix, prefixes.name,
      (array['in', 'out', 'in:local', 'out:local'])[1 + side], sum(bytes * rate), sum(packets * rate),
      sum(flows)::bigint, (array['raw', 'minute', 'hour', 'day'])[1 + max(max(source)) over (partition by bin)]
    from (%s) as sums
    left join exporter_prefixes as prefixes
      on prefixes.exporter = sums.exporter and prefixes.prefix = sums.prefix
    group by bin, sums.exporter, sums.prefix, prefixes.name, side
    order by bin, sums.exporter, sums.prefix, side
    $sql$, array_to_string(branches, ' union all '));
end
$$;
comment on function prefix_traffic is 'Traffic of the prefixes of exporter_prefixes by time and direction, scaled by the sampling rate: in, out, and in:local and out:local where the other end is in a prefix of the exporter, too. A flow counts under each prefix that contains one of its ends.';
