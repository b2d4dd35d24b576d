-- needs: flow_key rollup_parts prefix_flows traffic_bin

-- The text of a query for sums by bin and key, not merged yet: rows for each part of the range. Its
-- times are constants, so that the planner sees only the partitions that it needs. Counters are
-- grouped by rate first and multiplied as numeric: no record can overflow them, and it is faster. A
-- foreign server groups and joins by plain columns only, without coalesce.
create or replace function flow_sums(
  since timestamptz, until timestamptz, by text, step interval default null,
  uses_lists boolean default false)
returns text
language plpgsql stable parallel safe
set search_path from current set timezone = 'UTC'
as $$
declare
  by_key record;
  part record;
  levels smallint[];
  number smallint;
  relation text;
  columns text[];
  branches text[] := '{}';
  bin text := 'null::timestamptz';
begin
  select * into strict by_key from flow_key(by);
  levels := case
    when by_key.fields = '{}' or by_key.lists and not uses_lists then '{}'
    when by_key.lists then '{1,2}'
    else '{0,1,2}' end;
  if step is not null then
    bin := (select expression from traffic_bin(step));
    levels := array(
      select level from unnest(levels) as level
      where level = any((select bins.levels from traffic_bin(step) as bins)::smallint[]));
  end if;
  for part in
    select * from rollup_parts(since, until, levels, by_key.lists, by_key.relation = 'prefix_flows')
  loop
    number := array_position(array['raw', 'minute', 'hour', 'day'], part.source) - 1;
    if number = 0 then
      columns := by_key.flow_values;
      relation := format('%s %s where received_at >= %L and received_at < %L',
        by_key.relation, by_key.ends, part.part_since, part.part_until);
    else
      columns := by_key.rollup_values;
      relation := format('rollup_%s', part.source);
      if by_key.lists then
        -- Each listed value, with the most that an unlisted one of its list can have.
        relation := format(
          $sql$(
            select rollup.*, list.least_bytes
            from rollup_%s as rollup
            join rollup_lists as list on list.level = %s and list.field = rollup.field
              and list.bucket = rollup.bucket and list.exporter = rollup.exporter and list.prefix is null
              and list.sampling_rate is not distinct from rollup.sampling_rate
            where rollup.prefix is null and list.field = any(%L) and list.bucket >= %L and list.bucket < %L)
          $sql$,
          part.source, number - 1, by_key.fields, part.part_since, part.part_until);
      end if;
      relation := format(
        '%s as rollup where field = any(%L) and bucket >= %L and bucket < %L and prefix is %s',
        relation, by_key.fields, part.part_since, part.part_until,
        case by_key.relation when 'flows' then 'null' else 'not null' end);
    end if;
    branches := branches || format(
      $sql$
      select bin, coalesce(%s, '') as key, bytes * coalesce(rate, 1) as bytes,
        packets * coalesce(rate, 1) as packets, flows,
        %s as covered, %s as source
      from (
        select %s as bin, %s as k1, %s as k2, sampling_rate as rate,
          sum(bytes) as bytes, sum(packets) as packets, %s as flows, %s as covered
        from %s
        group by %s
      ) as part
      $sql$,
      by_key.key_text,
      case when number > 0 and by_key.lists then 'coalesce(covered, 0) * coalesce(rate, 1)' else '0' end,
      number,
      replace(bin, ' at,', case number when 0 then ' received_at,' else ' bucket,' end),
      coalesce(columns[1], 'null::text'), coalesce(columns[2], 'null::text'),
      case number when 0 then 'count(*)' else 'sum(flows)' end,
      case when number > 0 and by_key.lists then 'sum(least_bytes)' else '0' end,
      relation,
      -- Not by constants, which would cost time for every row.
      concat_ws(', ', '4', case when step is not null then '1' end,
        case when columns[1] is not null then '2' end, case when columns[2] is not null then '3' end));
  end loop;
  if branches = '{}' then
    return 'select null::timestamptz as bin, null::text as key, null::numeric as bytes,
      null::numeric as packets, null::bigint as flows, null::numeric as covered, 0 as source where false';
  end if;
  return array_to_string(branches, ' union all ');
end
$$;
comment on function flow_sums is 'The text of the query for sums by bin and key that traffic() and top_talkers() run.';
