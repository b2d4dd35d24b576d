import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'

describe('a session', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase({ migrate: false })
  })
  after(() => database.drop())

  /** Gives a setting of a session of the writer, where the database has a default for it. */
  async function settingOf(name: string, byDefault: string): Promise<unknown> {
    const administrator = await connectDatabase({ connectionString: database.url })
    const databaseName = new URL(database.url).pathname.slice(1)
    await administrator.query(`alter database ${databaseName} set ${name} = ${byDefault}`)
    await administrator.end()
    const client = await connectDatabase({ connectionString: database.url })
    const { rows } = await client.query(`select current_setting($1) as value`, [name])
    await client.end()
    return rows[0]?.value
  }

  it('has what it commits on the disk, whatever the default is', async () => {
    for (const [byDefault, expected] of [
      ['off', 'on'],
      ['on', 'on'],
      ['local', 'local'],
      ['remote_apply', 'remote_apply'],
    ] as const) {
      assert.equal(await settingOf('synchronous_commit', byDefault), expected)
    }
  })

  it('does not depend on other defaults that it needs', async () => {
    assert.equal(await settingOf('timezone', "'Asia/Tokyo'"), 'UTC')
    assert.equal(await settingOf('statement_timeout', "'5s'"), '50s')
  })
})
