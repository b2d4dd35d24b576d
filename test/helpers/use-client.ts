/** A database for a suite of tests, and one connection to it. */

import { after, before } from 'node:test'
import type pg from 'pg'
import { connectDatabase } from '../../writer/load/database/connection.ts'
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database.ts'

interface ClientFixture {
  database: TestDatabase
  /** Its session is set as the writer's. */
  client: pg.Client
}

/** Creates them before the tests of the suite, and removes them afterwards. */
export function useClient(options: TestDatabaseOptions = {}): ClientFixture {
  // The hooks fill it before a test can read it.
  const fixture = {} as ClientFixture
  before(async () => {
    fixture.database = await createTestDatabase(options)
    fixture.client = await connectDatabase({ connectionString: fixture.database.url })
  })
  after(async () => {
    await fixture.client?.end()
    await fixture.database?.drop()
  })
  return fixture
}
