/** Every SQL statement of the documents runs against a migrated database. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { codeBlocks, readDocument } from './helpers/markdown.ts'

const DOCUMENTS = [
  'README.md',
  'migrations/TABLES.md',
  'migrations/answers/README.md',
  'writer/OPERATING.md',
]

/** Returns the statements, but those for an administrator, which create roles and a database. */
function statementsOf(document: string): string[] {
  return codeBlocks(readDocument(document), 'sql')
    .filter((block) => !block.includes('create role'))
    .flatMap((block) => block.replace(/--.*$/gm, '').split(';'))
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

describe('the SQL of the documents', () => {
  let database: TestDatabase
  let client: pg.Client
  before(async () => {
    database = await createTestDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  after(async () => {
    await client?.end()
    await database?.drop()
  })

  for (const document of DOCUMENTS) {
    it(`runs: ${document}`, async () => {
      const statements = statementsOf(document)
      assert.ok(statements.length > 0, `${document} has no statements`)
      for (const statement of statements) {
        await client.query('begin')
        await client.query(statement).catch((error: unknown) => {
          assert.fail(`${document}: ${statement}\n${error}`)
        })
        await client.query('rollback')
      }
    })
  }
})
