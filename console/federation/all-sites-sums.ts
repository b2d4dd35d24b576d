/** The functions `top_talkers` and `traffic` over all sites. Each site adds up its own flows. */

import { schemaOf } from './site-schema.ts'

/** Keys that mean something else at each site. The site becomes a part of them. */
const LOCAL_KEYS = `by_word in ('exporter', 'interface', 'prefix')`

/** The key over all sites, of a row from one site. */
const keyOf = (site: string) =>
  `case when by_word = 'site' then '${site}' when ${LOCAL_KEYS} then '${site} ' || found.key else found.key end`

/** The key that a site is asked for: all of its flows, where the question is by site. */
const ASKED = `case by_word when 'site' then 'all' else by_word end`

const each = (sites: readonly string[], part: (site: string, schema: string) => string) =>
  sites.map((site) => part(site, schemaOf(site))).join('\n    union all\n    ')

/** Selects the names of the greatest keys from the sites. */
const names = (sites: readonly string[]) =>
  each(
    sites,
    (site, schema) => `
    select ${keyOf(site)} as key, found.name from ${schema}.site_names(${ASKED}, (
      select coalesce(array_agg(distinct own.key), '{}') from (
        select case when ${LOCAL_KEYS} then substr(greatest_keys.key, length('${site}') + 2)
          else greatest_keys.key end as key
        from greatest_keys
        where greatest_keys.key <> '' and by_word <> 'site'
          and (not ${LOCAL_KEYS} or starts_with(greatest_keys.key, '${site} '))
      ) as own)) as found`,
  )

/** Returns the statement that creates `top_talkers` over these sites. */
export const TOP_TALKERS = (sites: readonly string[]): string => `
create function top_talkers(
  since timestamptz, until timestamptz, by text default 'src', n integer default 10)
returns table (
  rank bigint, key text, name text, bytes numeric, packets numeric, flows bigint, share numeric,
  at_most numeric, exact boolean, source text)
language plpgsql stable rows 11
set search_path from current set timezone = 'UTC' set jit = off
as $$
#variable_conflict use_column
declare
  by_word text := lower(btrim(by));
  has_lists boolean := (select lists from flow_key(by));
  wanted integer := greatest(n, 0);
begin
  return query
  with sums as materialized (
    select parts.key, sum(parts.bytes) as bytes, sum(parts.packets) as packets,
      sum(parts.flows)::bigint as flows, sum(parts.covered) as covered, max(parts.source) as source
    from (
    ${each(
      sites,
      (site, schema) => `select ${keyOf(site)} as key, found.bytes, found.packets, found.flows,
      found.covered, found.source from ${schema}.site_sums($1, $2, ${ASKED}) as found`,
    )}
    ) as parts
    group by parts.key
  ),
  totals as materialized (
    select sum(parts.bytes) as bytes, sum(parts.packets) as packets, sum(parts.flows)::bigint as flows,
      coalesce(sum(parts.left_out), 0) as left_out
    from (
    ${each(
      sites,
      (_, schema) => `select found.bytes, found.packets, found.flows, found.left_out
      from ${schema}.site_totals($1, $2, ${ASKED}) as found where has_lists`,
    )}
    union all
    select sum(sums.bytes), sum(sums.packets), sum(sums.flows)::bigint, 0 from sums where not has_lists
    ) as parts
  ),
  source as materialized (
    select (array['raw', 'minute', 'hour', 'day'])[1 + max(sums.source)] as source from sums
  ),
  greatest_keys as materialized (
    select sums.* from sums
    order by sums.bytes desc nulls last, sums.flows desc, sums.key limit wanted
  ),
  names as materialized (
    select all_names.key, min(all_names.name) as name
    from (${names(sites)}) as all_names
    where all_names.name is not null group by all_names.key
  ),
  keys as materialized (
    select greatest_keys.*,
      row_number() over (order by greatest_keys.bytes desc nulls last, greatest_keys.flows desc,
        greatest_keys.key) as rank,
      coalesce(greatest_keys.bytes, 0) + totals.left_out - greatest_keys.covered as at_most
    from greatest_keys cross join totals
  )
  select keys.rank, nullif(keys.key, ''),
    case keys.key when '' then 'not sent' else coalesce(names.name, keys.key) end,
    keys.bytes, keys.packets, keys.flows, round(keys.bytes / nullif(totals.bytes, 0), 6),
    keys.at_most, keys.at_most = coalesce(keys.bytes, 0), source.source
  from keys cross join totals cross join source left join names on names.key = keys.key
  union all
  select null, 'other', 'other', totals.bytes - coalesce(listed.bytes, 0),
    totals.packets - coalesce(listed.packets, 0), totals.flows - coalesce(listed.flows, 0),
    round((totals.bytes - coalesce(listed.bytes, 0)) / nullif(totals.bytes, 0), 6),
    totals.bytes - coalesce(listed.bytes, 0), coalesce(listed.exact, true), source.source
  from totals cross join source cross join (
    select sum(keys.bytes) as bytes, sum(keys.packets) as packets, sum(keys.flows)::bigint as flows,
      bool_and(keys.at_most = coalesce(keys.bytes, 0)) as exact
    from keys
  ) as listed
  where totals.flows is not null
  order by 1 nulls last;
end
$$`

/** Returns the statement that creates `traffic` over these sites. */
export const TRAFFIC = (sites: readonly string[]): string => `
create function traffic(
  since timestamptz, until timestamptz, step interval, by text default 'all',
  n integer default 10, spread boolean default false)
returns table (
  bucket timestamptz, key text, name text, bytes numeric, packets numeric, flows bigint, source text)
language plpgsql stable rows 1000
set search_path from current set timezone = 'UTC' set jit = off
as $$
#variable_conflict use_column
declare
  by_word text := lower(btrim(by));
  wanted integer := greatest(n, 0);
begin
  return query
  with sums as materialized (
    select parts.bin, parts.key, sum(parts.bytes) as bytes, sum(parts.packets) as packets,
      sum(parts.flows)::bigint as flows, max(parts.source) as source
    from (
    ${each(
      sites,
      (
        site,
        schema,
      ) => `select found.bin, ${keyOf(site)} as key, found.bytes, found.packets, found.flows,
      found.source from ${schema}.site_bins($1, $2, $3, ${ASKED}, $6) as found`,
    )}
    ) as parts
    group by parts.bin, parts.key
  ),
  greatest_keys as materialized (
    select sums.key, sum(sums.bytes) as bytes, sum(sums.flows) as flows from sums group by sums.key
    order by 2 desc nulls last, 3 desc, 1 limit wanted
  ),
  names as materialized (
    select all_names.key, min(all_names.name) as name
    from (${names(sites)}) as all_names
    where all_names.name is not null group by all_names.key
  ),
  keys as materialized (
    select greatest_keys.key as id, nullif(greatest_keys.key, '') as key,
      case greatest_keys.key when '' then 'not sent' else coalesce(names.name, greatest_keys.key) end
        as name,
      row_number() over (order by greatest_keys.bytes desc nulls last, greatest_keys.flows desc,
        greatest_keys.key) as rank
    from greatest_keys left join names on names.key = greatest_keys.key
  )
  select sums.bin, case when keys.rank is null then 'other' else keys.key end,
    case when keys.rank is null then 'other' else keys.name end, sum(sums.bytes), sum(sums.packets),
    sum(sums.flows)::bigint,
    (array['raw', 'minute', 'hour', 'day', 'raw, open'])[1 + max(max(sums.source)) over (partition by sums.bin)]
  from sums left join keys on keys.id = sums.key
  group by sums.bin, keys.rank, keys.key, keys.name
  order by 1, keys.rank nulls last;
end
$$`
