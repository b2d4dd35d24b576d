/**
 * Creates the views and functions over all sites in the schema of the reporting database. Each has a
 * column `site` before those of the sites. Only objects in the table `federation_objects` are dropped.
 */

import type pg from 'pg'
import { TOP_TALKERS, TRAFFIC } from './all-sites-sums.ts'
import { schemaOf } from './site-schema.ts'

/** Functions whose rows of all sites are put together. */
const TABLE_FUNCTIONS = [
  'conversations_between',
  'loss_ledger',
  'prefix_traffic',
  'percentile_traffic',
  'nat_lookup',
]

const VIEWS = `
  select view, string_agg(name, ', ' order by number) as columns
  from (
    select relname::text as view, quote_ident(attname) as name, min(attnum) as number
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = any($1) and relkind = 'f' and attnum > 0 and not attisdropped
    group by relname, attname, format_type(atttypid, atttypmod)
    having count(*) = cardinality($1)
  ) as common
  group by view order by view`

const FUNCTIONS = `
  select proname::text as name, pg_get_function_arguments(pg_proc.oid) as arguments,
    pg_get_function_result(pg_proc.oid) as result, pronargs::integer as count
  from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
  where nspname = $1 and proname = any($2)`

/** The balance of each site, and of all sites. */
const SITE_BALANCE = `
create view site_balance as
select coalesce(site, 'all') as site, sum(received)::bigint as received, sum(stored)::bigint as stored,
  sum(queue_dropped)::bigint as queue_dropped,
  case when count(kernel_dropped) = count(*) then sum(kernel_dropped)::bigint end as kernel_dropped,
  sum(difference)::bigint as difference
from pipeline_balance group by rollup (site) order by grouping(site), 1`

/** The SQL of keys over all sites. An exporter is known by its site and its address. */
const FLOW_KEY = (site: string) => `
create function flow_key(
  by text,
  out relation text, out ends text, out flow_values text[], out fields smallint[],
  out rollup_values text[], out lists boolean, out key_text text, out name_text text)
language plpgsql immutable parallel safe
as $$
declare
  word text := lower(btrim(by));
begin
  if word = 'site' then
    select * into relation, ends, flow_values, fields, rollup_values, lists, key_text, name_text
    from ${site}.flow_key('all');
    flow_values := '{site}';
    key_text := 'k1';
    return;
  end if;
  select * into relation, ends, flow_values, fields, rollup_values, lists, key_text, name_text
  from ${site}.flow_key(by);
  if word = 'exporter' then
    flow_values := '{site,exporter}';
    key_text := 'k1 || '' '' || abbrev(k2)';
    name_text := $sql$(select name from exporters where site = split_part(keys.key, ' ', 1)
      and address = split_part(keys.key, ' ', 2)::inet)$sql$;
  elsif word = 'interface' then
    flow_values := array[$sql$site || ' ' || abbrev(exporter)$sql$, 'value'];
    key_text := $sql$k1 || ' ' || coalesce(k2::text, '-')$sql$;
    name_text := 'null::text';
  elsif word = 'prefix' then
    key_text := 'k1::text';
  end if;
end
$$;

-- Under a filter, flows answer: rollups of several sites are complete at different times.
create function rollup_parts(
  since timestamptz, until timestamptz, levels smallint[],
  lists boolean default false, prefixes boolean default false)
returns table (source text, part_since timestamptz, part_until timestamptz)
language sql stable parallel safe
as $$ select 'raw', since, until where since < until $$;
`

/** Functions that read no table: those of the sites serve for all of them. */
const PURE = [
  ...['traffic_bin', 'protocol_name', 'service_name', 'flow_service', 'event_name'],
  ...['drop_reason', 'tcp_flag_letters', 'jsonb_address', 'jsonb_port'],
]

/**
 * Creates the views and functions over these sites anew, within the caller's transaction.
 *
 * @param pure definitions of functions that read no table, by name
 */
export async function createAllSites(
  client: pg.Client,
  sites: readonly string[],
  pure: ReadonlyMap<string, string>,
): Promise<void> {
  await dropAllSites(client)
  const [first] = sites
  if (first === undefined) return
  const schemas = sites.map(schemaOf)
  const { rows } = await client.query<{ view: string; columns: string }>(VIEWS, [schemas])
  for (const { view, columns } of rows) {
    const parts = sites.map(
      (site) => `select '${site}'::text as site, ${columns} from ${schemaOf(site)}.${view}`,
    )
    await create(client, `view ${view}`, `create view ${view} as ${parts.join(' union all ')}`)
  }
  await create(client, 'view site_balance', SITE_BALANCE)
  for (const name of PURE) {
    await create(client, `function ${name}`, pure.get(name) ?? '')
  }
  await create(client, 'function flow_key', FLOW_KEY(schemaOf(first)))
  await create(client, 'function rollup_parts', '')
  for (const name of TABLE_FUNCTIONS) await createTableFunction(client, name, schemas)
  await create(client, 'function top_talkers', TOP_TALKERS(sites))
  await create(client, 'function traffic', TRAFFIC(sites))
}

async function create(client: pg.Client, object: string, sql: string): Promise<void> {
  await client.query('insert into federation_objects (object) values ($1)', [object])
  if (sql !== '') await client.query(sql)
}

async function createTableFunction(
  client: pg.Client,
  name: string,
  schemas: readonly string[],
): Promise<void> {
  const { rows } = await client.query(FUNCTIONS, [schemas[0], [name]])
  for (const { arguments: parameters, result, count } of rows) {
    const columns = String(result).replace(/^TABLE\(/, 'TABLE(site text, ')
    const passed = Array.from({ length: count }, (_, index) => `$${index + 1}`).join(', ')
    const parts = schemas.map(
      (schema) =>
        `select '${schema.slice(schemaOf('').length)}'::text, found.* from ${schema}.${name}(${passed}) as found`,
    )
    await create(
      client,
      `function ${name}`,
      `create function ${name}(${parameters}) returns ${columns}
       language sql stable as $$ ${parts.join(' union all ')} $$`,
    )
  }
}

/** Drops the objects of an earlier call. @throws the database's error when other objects use them */
export async function dropAllSites(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ object: string }>(
    'delete from federation_objects returning object, number',
  )
  const objects = rows.map(({ object }) => object)
  for (const object of objects.toReversed())
    await client.query(`drop ${object.replace(/^(\w+) (.*)$/, '$1 if exists $2')}`)
}
