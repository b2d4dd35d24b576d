/**
 * Notices a server that was started without TimescaleDB although `flows` is a hypertable: it finds no
 * compressed flow, and would put new ones where TimescaleDB never looks.
 */

import type pg from 'pg'

/** Any server can answer this. */
const IS_UNLOADED = `
  select to_regclass('_timescaledb_catalog.hypertable') is not null
    and current_setting('timescaledb.disable_load', true) is null
    and (select relkind = 'r' from pg_class where oid = to_regclass('flows')) as "isUnloaded"`

/** The writer loads nothing until somebody has acted. The message says what to do. */
export class UnloadedTimescaleError extends Error {
  readonly code = 'TIMESCALE_NOT_LOADED'

  constructor() {
    super("set shared_preload_libraries = 'timescaledb' in postgresql.conf, and restart the server")
    this.name = 'UnloadedTimescaleError'
  }
}

/** @throws UnloadedTimescaleError when the server does not find all flows */
export async function refuseUnloadedTimescale(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ isUnloaded: boolean | null }>(IS_UNLOADED)
  if (rows[0]?.isUnloaded) throw new UnloadedTimescaleError()
}
