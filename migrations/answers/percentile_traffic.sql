-- needs: flow_key flow_sums prefix_traffic

-- Bins without traffic count as 0, but have no rows: the position is shifted by their number.
create or replace function percentile_traffic(
  since timestamptz, until timestamptz, p double precision default 0.95, by text default 'prefix')
returns table (
  key text, name text, direction text, bits_per_second numeric, bytes numeric, bins bigint,
  bins_with_traffic bigint)
language plpgsql stable parallel safe rows 100
set search_path from current set timezone = 'UTC' set jit = off set work_mem = '64MB'
as $$
declare
  step constant interval := '5 minutes';
  series text;
  names text := 'null::text';
begin
  if p is null or p <= 0 or p > 1 then
    raise exception 'a percentile is more than 0 and at most 1, for example 0.95: %', p
      using errcode = 'invalid_parameter_value';
  end if;
  if date_bin(step, since, '2000-01-03Z') <> since or date_bin(step, until, '2000-01-03Z') <> until then
    raise exception 'since and until must be whole 5 minutes: % to %', since, until
      using errcode = 'invalid_parameter_value';
  end if;
  case lower(btrim(by))
    when 'prefix' then
      series := format(
        $sql$select bucket as bin, prefix::text as key, split_part(direction, ':', 1) as direction, bytes
        from prefix_traffic(%L, %L, %L)$sql$, since, until, step);
      names := '(select min(name) from exporter_prefixes where prefix = keys.key::cidr)';
    when 'interface' then
      series := format(
        $sql$
        select bin, key, 'in' as direction, bytes from (%s) as input where key !~ ' -$'
        union all select bin, key, 'out', bytes from (%s) as output where key !~ ' -$'
        $sql$,
        flow_sums(since, until, 'input interface', step), flow_sums(since, until, 'output interface', step));
      names := (select name_text from flow_key('interface'));
    when 'exporter' then
      series := format('select bin, key, ''all'' as direction, bytes from (%s) as sums',
        flow_sums(since, until, 'exporter', step));
      names := (select name_text from flow_key('exporter'));
    else
      raise exception 'percentiles are known by prefix, interface and exporter, not by "%"', by
        using errcode = 'invalid_parameter_value';
  end case;
  return query execute format(
    $sql$
    with keys as materialized (
      select key, direction, bytes, total,
        row_number() over (partition by key, direction order by bytes) as position,
        count(*) over (partition by key, direction) as filled
      from (
        select key, direction, coalesce(sum(bytes), 0) as bytes from (%s) as series group by key, direction, bin
      ) as bins
      cross join (values ((extract(epoch from $2::timestamptz - $1) / 300)::bigint)) as range (total)
    ),
    found as (
      select key, direction, max(total) as total, max(filled) as filled,
        coalesce(max(bytes) filter (where position = ceil($3::numeric * total) - (total - filled)), 0) as bytes
      from keys group by key, direction
    )
    select key, coalesce((%s), key), direction, round(bytes * 8 / 300, 3), bytes, total, filled
    from found as keys order by key, direction
    $sql$, series, names)
  using since, until, p;
end
$$;
comment on function percentile_traffic is 'The percentile p of the traffic in bins of 5 minutes, as bandwidth is billed: by prefix and interface (in, out), or exporter. Scaled by the sampling rate; bins without traffic count as 0.';
