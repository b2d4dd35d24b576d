/** Looks for TimescaleDB in the server, and says what is missing. */

import type pg from 'pg'
import { DatabaseError } from '../database/connection.ts'

/** The first whose filters of addresses find the same rows after an update of the extension. */
const OLDEST_VERSION = '2.24'

/** The extension, as the database has it. */
export interface Timescale {
  /** Where its functions are, quoted: `search_path` may not lead there. */
  readonly schema: string
  /** Whether chunks can be compressed and attached: not in the edition under Apache's licence. */
  readonly isComplete: boolean
}

// Settings of the library only exist where the server has loaded it at its start.
const FACTS = `
  select
    (select quote_ident(nspname) from pg_namespace where oid = extnamespace) as schema,
    extversion as version,
    exists (select from pg_available_extensions where name = 'timescaledb') as "isInstalled",
    current_setting('timescaledb.disable_load', true) is not null as "isLoaded",
    current_setting('timescaledb.license', true) = 'timescale' as "isComplete"
  from (values ('timescaledb')) as wanted (name)
  left join pg_extension on extname = wanted.name`

interface Facts {
  /** Null: the extension is not created. */
  readonly schema: string | null
  readonly version: string | null
  readonly isInstalled: boolean
  readonly isLoaded: boolean
  readonly isComplete: boolean | null
}

/**
 * Checks that `flows` can be a hypertable in this database.
 *
 * @throws DatabaseError that says what to install, to set or to create
 */
export async function requireTimescale(client: pg.Client): Promise<Timescale> {
  const { rows } = await client.query<Facts>(FACTS)
  const { schema, version, isInstalled, isLoaded, isComplete } = rows[0] as Facts
  const preload = `set shared_preload_libraries = 'timescaledb' in postgresql.conf, restart the server`
  const create = '"create extension timescaledb" as an administrator'
  if (schema === null && !isInstalled) {
    throw new DatabaseError(
      'a hypertable needs the extension timescaledb, and this server does not have it: install it for ' +
        `this version of PostgreSQL, ${preload}, and run ${create}`,
    )
  }
  if (schema === null || version === null) {
    const steps = isLoaded ? create : `${preload}, and run ${create}`
    throw new DatabaseError(
      `a hypertable needs the extension timescaledb, and this database does not have it: ${steps}`,
    )
  }
  if (!isLoaded) throw new DatabaseError(`timescaledb is not loaded: ${preload}`)
  if (isOlder(version)) {
    throw new DatabaseError(
      `timescaledb ${version} is too old, and ${OLDEST_VERSION} is the oldest that works: install a ` +
        'newer one, and run "alter extension timescaledb update" as an administrator',
    )
  }
  return { schema, isComplete: isComplete === true }
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_VERSION.split('.').map(Number)
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
}
