/** Values in the text of a statement are the values of its parameters. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { literalSql } from '../../../console/query/literal-sql.ts'
import { shellWord, terminalCommand } from '../../../console/query/terminal-command.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map((word) => word.replaceAll('\0', '')),
  fc.constantFrom("'", "''", '\\', "\\'", '"', '$1', '$$', '{,}', 'null', '%', "E'\\'"),
)

describe('a statement with its values', () => {
  let database: TestDatabase
  let client: pg.Client

  before(async () => {
    database = await createTestDatabase({ migrate: false })
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })

  after(async () => {
    await client.end()
    await database.drop()
  })

  it('gives the same as one with parameters', async () => {
    const statement =
      'select $1::text as one, $2::text[] as list, $3::bigint as number, $1::text as again'
    const values = fc.tuple(text, fc.array(text, { maxLength: 3 }), fc.option(fc.maxSafeInteger()))
    await fc.assert(
      fc.asyncProperty(values, async (own) => {
        for (const setting of ['on', 'off']) {
          await client.query(`set standard_conforming_strings = ${setting}`)
          const expected = (await client.query(statement, own)).rows
          const found = (await client.query(literalSql({ text: statement, values: own }))).rows
          assert.deepEqual(found, expected)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('begins at the first column', () => {
    const own = { text: '\n      select 1\n      from x\n        where y', values: [] }
    assert.equal(literalSql(own), 'select 1\nfrom x\n  where y;')
  })
})

describe('a command line', () => {
  it('has only what was chosen, quoted for a shell', () => {
    const options = { since: '1h', until: undefined, by: '', raw: true, spread: false, limit: 0 }
    assert.equal(
      terminalCommand('top', options, ['host 192.0.2.1']),
      "netflow top --since 1h --raw --limit 0 'host 192.0.2.1'",
    )
    assert.equal(terminalCommand('top', {}, ['']), 'netflow top')
    assert.equal(terminalCommand('top', {}, ['-x']), 'netflow top -- -x')
    assert.equal(shellWord("it's"), `'it'\\''s'`)
    assert.equal(shellWord(''), `''`)
  })
})
