-- needs: flow_sums flow_key traffic_bin spread_sums protocol_name service_name

create or replace function traffic(
  since timestamptz, until timestamptz, step interval, by text default 'all',
  n integer default 10, spread boolean default false)
returns table (
  bucket timestamptz, key text, name text, bytes numeric, packets numeric, flows bigint, source text)
language plpgsql stable parallel safe rows 1000
set search_path from current set timezone = 'UTC' set jit = off set work_mem = '64MB'
as $$
begin
  return query execute format(
    $sql$
    with sums as materialized (
      select bin, key, sum(bytes) as bytes, sum(packets) as packets, sum(flows)::bigint as flows,
        max(source) as source
      from (%s) as parts
      group by bin, key
    ),
    ranked as materialized (
      select key, row_number() over (order by sum_bytes desc nulls last, sum_flows desc, key) as rank
      from (
        select key, sum(bytes) as sum_bytes, sum(flows) as sum_flows from sums group by key
        order by 2 desc nulls last, 3 desc, 1 limit $1
      ) as greatest_keys
    ),
    keys as materialized (
      select key as id, nullif(key, '') as key, rank,
        case key when '' then 'not sent' else coalesce((%s), key) end as name
      from ranked as keys
    )
    select bin, case when rank is null then 'other' else keys.key end,
      case when rank is null then 'other' else name end,
      sum(sums.bytes), sum(sums.packets), sum(sums.flows)::bigint,
      (array['raw', 'minute', 'hour', 'day', 'raw, open'])[1 + max(max(sums.source)) over (partition by bin)]
    from sums left join keys on keys.id = sums.key
    group by bin, rank, keys.key, name
    order by bin, rank nulls last
    $sql$,
    case when spread then spread_sums(since, until, by, step) else flow_sums(since, until, by, step) end,
    (select name_text from flow_key(by)))
  using greatest(n, 0);
end
$$;
comment on function traffic is 'Traffic by time: bytes and packets scaled by the sampling rate, in bins of step (UTC), by a key; the n greatest keys, and other. A bin without flows has no row. spread: long flows count in each bin that they cover, by flow_start and flow_end; else at received_at.';
