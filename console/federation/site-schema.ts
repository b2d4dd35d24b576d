/**
 * The schema of a site on the reporting server: its tables and views as foreign tables, and the functions
 * of each server that answer questions from them. So the exporters of different sites never mix.
 */

import type pg from 'pg'
import type { Definition } from '../../writer/load/schema/answer-definitions.ts'
import { type Site, siteOptions } from './site.ts'

/** Functions that write, or that read partitions. */
const LEFT_OUT = [
  'rollup_refresh',
  'set_sampling_rate',
  'flow_chunks',
  'flow_partitions',
  'flow_store',
  'flow_store_kind',
  'relation_bytes',
  'rollup_status',
]
const TABLES_LEFT_OUT = ['flow_partitions', 'flow_store', 'pgmigrations', 'rollup_status']

/** Returns the name of a site's schema. */
export const schemaOf = (site: string) => `site_${site}`

/** Functions of each site that add up a range by key. Answers over all sites add up their rows. */
const SUMS = `
create function site_sums(since timestamptz, until timestamptz, by text)
returns table (key text, bytes numeric, packets numeric, flows bigint, covered numeric, source integer)
language plpgsql stable set search_path from current set timezone = 'UTC' set jit = off
as $$
begin
  return query execute format(
    'select key, sum(bytes), sum(packets), sum(flows)::bigint, sum(covered)::numeric, max(source)
     from (%s) as parts group by key', flow_sums(since, until, by, uses_lists => true));
end
$$;

create function site_bins(
  since timestamptz, until timestamptz, step interval, by text, spread boolean)
returns table (bin timestamptz, key text, bytes numeric, packets numeric, flows bigint, source integer)
language plpgsql stable set search_path from current set timezone = 'UTC' set jit = off
as $$
begin
  return query execute format(
    'select bin, key, sum(bytes), sum(packets), sum(flows)::bigint, max(source)
     from (%s) as parts group by bin, key',
    case when spread then spread_sums(since, until, by, step) else flow_sums(since, until, by, step) end);
end
$$;

create function site_totals(since timestamptz, until timestamptz, by text)
returns table (bytes numeric, packets numeric, flows bigint, left_out numeric)
language plpgsql stable set search_path from current set timezone = 'UTC' set jit = off
as $$
declare
  by_key record;
begin
  select * into strict by_key from flow_key(by);
  select coalesce(sum(least_bytes * coalesce(lists.sampling_rate, 1)), 0) into left_out
  from rollup_parts(since, until, '{1,2}', true) as parts
  join rollup_lists as lists
    on lists.level = case parts.source when 'hour' then 1 else 2 end
    and lists.bucket >= part_since and lists.bucket < part_until
  where by_key.lists and parts.source <> 'raw' and lists.prefix is null
    and lists.field = any(by_key.fields);
  return query execute format(
    'select sum(%1$s * bytes), sum(%1$s * packets), sum(%1$s * flows)::bigint, %2$L::numeric
     from (%3$s) as parts',
    case when by_key.lists then cardinality(by_key.fields) else 1 end, left_out,
    flow_sums(since, until, case when by_key.lists then 'all' else by end));
end
$$;

create function site_names(by text, keys text[])
returns table (key text, name text)
language plpgsql stable set search_path from current
as $$
begin
  return query execute format('select keys.key, (%s)::text from unnest($1) as keys (key)',
    (select name_text from flow_key(by))) using keys;
end
$$;
`

/** Hands values over as settings, so that no statement has them in its text. */
const HAND_OVER = `
  select set_config('netflow.site_options', $1, true), set_config('netflow.user_options', $2, true)`

/** To fetch a row costs as much as to read hundreds at the site, so that sites add up. */
const CREATE_SERVER = (name: string, role: string) => `
do $do$
declare
  list text;
begin
  select string_agg(format('%I %L', key, value), ', ') into list
  from jsonb_each_text(current_setting('netflow.site_options')::jsonb);
  execute format('create server "${name}" foreign data wrapper postgres_fdw options (%s,
    updatable ''false'', fetch_size ''10000'', connect_timeout ''10'', use_remote_estimate ''true'', fdw_tuple_cost ''1'')', list);
  select string_agg(format('%I %L', key, value), ', ') into list
  from jsonb_each_text(current_setting('netflow.user_options')::jsonb);
  execute format('create user mapping for ${role} server "${name}" options (%s)', list);
  perform set_config('netflow.user_options', '', true);
end
$do$`

/** Creates the server of a site, within the caller's transaction. */
export async function createServer(client: pg.Client, site: Site): Promise<void> {
  const { server, user } = siteOptions(site)
  await client.query(HAND_OVER, [JSON.stringify(server), JSON.stringify(user)])
  await client.query(CREATE_SERVER(site.name, 'current_user'))
}

/**
 * Creates the schema of a site anew, within the caller's transaction.
 *
 * @param home the schema of the tables at the site
 */
export async function createSchema(
  client: pg.Client,
  { name, home }: { readonly name: string; readonly home: string },
  definitions: readonly Definition[],
): Promise<void> {
  const schema = schemaOf(name)
  await client.query(`drop schema if exists ${schema} cascade; create schema ${schema}`)
  await client.query(
    `import foreign schema "${home.replaceAll('"', '""')}" except (${TABLES_LEFT_OUT.join(', ')})
     from server "${name}" into ${schema}`,
  )
  // The definitions name tables without a schema.
  await client.query(`set local search_path = ${schema}`)
  const functions = definitions.filter(
    (one) => !LEFT_OUT.includes(one.name) && /^create or replace function/m.test(one.sql),
  )
  for (const { name: file, sql } of functions) {
    try {
      await client.query(sql)
    } catch (error) {
      ;(error as Error).message = `${name}: ${file}: ${(error as Error).message}`
      throw error
    }
  }
  await client.query(SUMS)
  await client.query('set local search_path to default')
}
