-- needs: flow_sums flow_key rollup_parts protocol_name service_name

create or replace function top_talkers(
  since timestamptz, until timestamptz, by text default 'src', n integer default 10)
returns table (
  rank bigint, key text, name text, bytes numeric, packets numeric, flows bigint, share numeric,
  at_most numeric, exact boolean, source text)
language plpgsql stable parallel safe rows 11
set search_path from current set timezone = 'UTC' set jit = off set work_mem = '64MB'
as $$
declare
  by_key record;
  -- The most that a key can have that is in none of the lists.
  left_out text;
begin
  select * into strict by_key from flow_key(by);
  if by_key.lists then
    left_out := (
      select '(select coalesce(sum(least_bytes * coalesce(sampling_rate, 1)), 0) from rollup_lists
          where prefix is null and field = any(' || quote_literal(by_key.fields) || ') and ('
        || string_agg(format('level = %s and bucket >= %L and bucket < %L',
          case parts.source when 'hour' then 1 else 2 end, part_since, part_until), ' or ') || '))'
      from rollup_parts(since, until, '{1,2}', true) as parts
      where parts.source <> 'raw');
  end if;
  return query execute format(
    $sql$
    with sums as materialized (
      select key, sum(bytes) as bytes, sum(packets) as packets, sum(flows)::bigint as flows,
        sum(covered) as covered, max(source) as source
      from (%s) as parts
      group by key
    ),
    totals as materialized (
      select sum(bytes) as bytes, sum(packets) as packets, sum(flows)::bigint as flows
      from %s
    ),
    source as materialized (
      select (array['raw', 'minute', 'hour', 'day'])[1 + max(source)] as source, %s as left_out
      from sums
    ),
    keys as materialized (
      select nullif(ranked.key, '') as key, key as id, rank, bytes, packets, flows,
        coalesce(bytes, 0) + left_out - covered as at_most, source
      from (
        select *, row_number() over (order by greatest_keys.bytes desc nulls last,
          greatest_keys.flows desc, greatest_keys.key) as rank
        from (
          select sums.key, sums.bytes, sums.packets, sums.flows, covered from sums
          order by sums.bytes desc nulls last, sums.flows desc, sums.key limit $1
        ) as greatest_keys
      ) as ranked cross join source
    )
    select rank, keys.key, case id when '' then 'not sent' else coalesce((%s), keys.key) end,
      keys.bytes, keys.packets, keys.flows, round(keys.bytes / nullif(totals.bytes, 0), 6),
      at_most, at_most = coalesce(keys.bytes, 0), source
    from keys cross join totals
    union all
    select null, 'other', 'other', totals.bytes - coalesce(listed.bytes, 0),
      totals.packets - coalesce(listed.packets, 0), totals.flows - coalesce(listed.flows, 0),
      round((totals.bytes - coalesce(listed.bytes, 0)) / nullif(totals.bytes, 0), 6),
      totals.bytes - coalesce(listed.bytes, 0), coalesce(listed.exact, true), source
    from totals cross join source
    cross join (
      select sum(bytes) as bytes, sum(packets) as packets, sum(flows)::bigint as flows,
        bool_and(at_most = coalesce(bytes, 0)) as exact
      from keys
    ) as listed
    where totals.flows is not null
    order by rank nulls last
    $sql$,
    flow_sums(since, until, by, uses_lists => true),
    -- Lists do not have everything; margins do.
    case when left_out is not null then format('(select %1$s * bytes as bytes, %1$s * packets as packets, %1$s * flows as flows from (%2$s) as parts) as scaled',
        cardinality(by_key.fields), flow_sums(since, until, 'all'))
      else 'sums' end,
    coalesce(left_out, '0::numeric'), by_key.name_text)
  using greatest(n, 0);
end
$$;
comment on function top_talkers is 'The n greatest keys by bytes, scaled by the sampling rate, and other, so that the sum is the total. at_most is greater than bytes where lists of the rollups do not hold a key throughout; exact says that they do. By address and interface, a flow counts at each end.';
