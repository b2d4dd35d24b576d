/**
 * The table `netflow_migrations`: which migrations were run. It lies in the schema of the tables, so
 * each schema can hold an installation of its own, beside whatever other programs keep there.
 */

import type pg from 'pg'

/** The advisory lock that node-pg-migrate takes by itself: earlier versions wait for it, too. */
export const MIGRATION_LOCK = '7241865325823964'

export const MIGRATIONS_TABLE = 'netflow_migrations'

/** The table of earlier versions, by the default of node-pg-migrate, which other programs use, too. */
const EARLIER_TABLE = 'pgmigrations'
/** The schema in which node-pg-migrate looks by default, wherever the tables are. */
const EARLIER_SCHEMA = 'public'

/** Returns the names of the migrations that were run; undefined: the table does not exist. */
export async function readMigrations(
  client: pg.Client,
  schema: string,
): Promise<readonly string[] | undefined> {
  return await readNames(client, schema, MIGRATIONS_TABLE)
}

/** Creates the table. The columns are those that node-pg-migrate reads and writes. */
export async function createMigrationsTable(client: pg.Client, schema: string): Promise<void> {
  const table = qualified(client, schema, MIGRATIONS_TABLE)
  await client.query(
    `create table ${table} (
       id serial primary key, name varchar(255) not null, run_on timestamp not null)`,
  )
  await client.query(
    `comment on table ${table} is 'The migrations that were run; see npm run migrate.'`,
  )
}

/**
 * Copies what an earlier version noted about the tables of this schema. Its own table stays: an
 * earlier version finds it again after `npm run migrate -- down`.
 *
 * @param known the names of this program's migrations: rows of other programs are left
 * @returns the table that was copied; undefined: the schema has no tables of an earlier version
 */
export async function copyEarlierMigrations(
  client: pg.Client,
  schema: string,
  known: readonly string[],
): Promise<string | undefined> {
  const schemas = (await isNotedElsewhere(client, schema)) ? [schema, EARLIER_SCHEMA] : [schema]
  for (const earlierSchema of schemas) {
    const names = (await readNames(client, earlierSchema, EARLIER_TABLE)) ?? []
    if (!names.some((name) => known.includes(name))) continue
    const earlier = qualified(client, earlierSchema, EARLIER_TABLE)
    await client.query(
      `insert into ${qualified(client, schema, MIGRATIONS_TABLE)} (name, run_on)
       select name, run_on from ${earlier} where name = any($1) order by run_on, id`,
      [known],
    )
    return earlier
  }
  return undefined
}

/** Whether an earlier version may have noted in its default schema what it did to this one. */
async function isNotedElsewhere(client: pg.Client, schema: string): Promise<boolean> {
  if (schema === EARLIER_SCHEMA || !(await exists(client, schema, 'flows'))) return false
  // With flows of its own, that schema has an installation of its own.
  return !(await exists(client, EARLIER_SCHEMA, 'flows'))
}

/** Whether the schema has a table of this name. */
export async function exists(client: pg.Client, schema: string, table: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2`,
    [schema, table],
  )
  return rowCount === 1
}

/** Reads the names in the order of their run; a table of another shape is no such table. */
async function readNames(
  client: pg.Client,
  schema: string,
  table: string,
): Promise<readonly string[] | undefined> {
  const { rowCount } = await client.query(
    `select from information_schema.columns
     where table_schema = $1 and table_name = $2 and column_name in ('id', 'name', 'run_on')`,
    [schema, table],
  )
  if (rowCount !== 3) return undefined
  const { rows } = await client.query<{ name: string }>(
    `select name from ${qualified(client, schema, table)} order by run_on, id`,
  )
  return rows.map(({ name }) => name)
}

function qualified(client: pg.Client, schema: string, table: string): string {
  return `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)}`
}
