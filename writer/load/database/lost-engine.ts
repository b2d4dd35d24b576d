/**
 * Notices a server that was started without TimescaleDB although `flows` is a hypertable: it finds no
 * compressed flow, and would put new ones where TimescaleDB never looks.
 */

/** Without TimescaleDB, both are questions that any server answers. */
export const FIND_LOST_ENGINE = `
  select to_regclass('_timescaledb_catalog.hypertable') is not null
    and current_setting('timescaledb.disable_load', true) is null
    and (select relkind = 'r' from pg_class where oid = to_regclass('flows')) as "isLost"`

/** The writer loads nothing until somebody has acted. The message says what to do. */
export class LostEngineError extends Error {
  readonly code = 'LOST_ENGINE'

  constructor() {
    super("set shared_preload_libraries = 'timescaledb' in postgresql.conf, and restart the server")
    this.name = 'LostEngineError'
  }
}

/** @param rows the answer to FIND_LOST_ENGINE */
export function refuseLostEngine(rows: readonly Readonly<Record<string, unknown>>[]): void {
  if (rows[0]?.['isLost'] === true) throw new LostEngineError()
}
