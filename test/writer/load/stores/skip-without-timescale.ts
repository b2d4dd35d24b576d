/** Finds out whether the server of the tests has TimescaleDB. */

import pg from 'pg'
import { createTestDatabase } from '../../../helpers/database.ts'

const HAS_TIMESCALE = `
  select exists (select from pg_available_extensions where name = 'timescaledb') as "isInstalled",
    current_setting('timescaledb.disable_load', true) is not null as "isLoaded"`

/** @returns why tests of TimescaleDB itself are skipped; false: they are not */
export async function skipWithoutTimescale(): Promise<string | false> {
  const database = await createTestDatabase({ migrate: false })
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    const { isInstalled, isLoaded } = (await client.query(HAS_TIMESCALE)).rows[0]
    if (!isInstalled) return 'the server does not have the extension timescaledb'
    return isLoaded ? false : 'the server has not loaded timescaledb: shared_preload_libraries'
  } finally {
    await client.end()
    await database.drop()
  }
}
