/** Checks that a database can be used: version, encoding, schema. Describes it for people. */

import type pg from 'pg'
import { DatabaseError } from './connection.ts'

/** 15 is the first with `unique nulls not distinct`. */
const OLDEST_VERSION = 15

interface ServerFacts {
  readonly version: string
  readonly versionNumber: number
  readonly encoding: string
  readonly searchPath: string
  readonly role: string
  /** The first schema of `search_path` that exists; null: none does. */
  readonly schema: string | null
}

// Servers that are too old must understand it, too.
const READ_FACTS = `
  select current_setting('server_version') as version,
    current_setting('server_version_num')::int as "versionNumber",
    current_setting('server_encoding') as encoding,
    current_setting('search_path') as "searchPath",
    current_user::text as role,
    current_schema()::text as schema`

/**
 * Checks that the server and the database can hold the tables.
 *
 * @returns the schema of the tables, the first of `search_path`
 * @throws DatabaseError that says what to do
 */
export async function requireUsableDatabase(client: pg.Client): Promise<string> {
  const { rows } = await client.query<ServerFacts>(READ_FACTS)
  const [facts] = rows
  const place = describeServer(client)
  if (!facts) throw new DatabaseError(`the server (${place}) does not tell its version`)
  const { version, encoding, searchPath, role, schema } = facts
  if (facts.versionNumber < OLDEST_VERSION * 10_000) {
    throw new DatabaseError(
      `the server (${place}) is PostgreSQL ${version}, and ${OLDEST_VERSION} is the oldest that ` +
        'works: upgrade it, or set DATABASE_URL to a newer one',
    )
  }
  if (encoding !== 'UTF8') {
    throw new DatabaseError(
      `the database (${place}) has the encoding ${encoding}, which cannot store all ` +
        `names that exporters send: create one with "create database netflow template template0 ` +
        `encoding 'UTF8' locale 'C'", and set DATABASE_URL to it`,
    )
  }
  if (schema !== null) return schema
  throw new DatabaseError(
    `no schema of search_path (${searchPath}) exists in the database (${place}), or the role ` +
      `${role} has no right on it: "create schema NAME authorization ${role}", then ` +
      `"alter role ${role} in database ${client.database} set search_path = NAME"`,
  )
}

/** Describes database and schema of a connection for people; `public` goes without saying. */
export async function describeDatabase(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ schema: string | null }>(
    'select current_schema()::text as schema',
  )
  const schema = rows[0]?.schema ?? 'public'
  const place = describeServer(client)
  return schema === 'public' ? place : `${place}, schema ${schema}`
}

function describeServer({ database, host, port }: pg.Client): string {
  return `${database ?? 'the default database'} at ${host}:${port}`
}
