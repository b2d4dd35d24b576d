import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { runCopy } from '../../../../writer/load/copy/copy-rows.ts'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { useClient } from '../../../helpers/use-client.ts'

const COPY = 'copy noted from stdin'

/** Creates lines with the numbers up to `count`, about 100,000 bytes a piece. */
function* numbers(count: number): Iterable<Buffer> {
  for (let from = 0; from < count; from += 20_000) {
    const lines = Array.from({ length: Math.min(20_000, count - from) }, (_, index) => from + index)
    yield Buffer.from(`${lines.join('\n')}\n`)
  }
}

describe('a COPY of data in memory', () => {
  const fixture = useClient({ migrate: false })
  before(() =>
    fixture.client.query('create temporary table noted (number integer check (number <> 70000))'),
  )

  async function countNoted(): Promise<number> {
    const { rows } = await fixture.client.query(
      'select count(distinct number)::int as count from noted',
    )
    return rows[0]?.count
  }

  it('sends pieces that are larger than a socket accepts at once', async () => {
    await fixture.client.query('alter table noted drop constraint noted_number_check')
    assert.equal(await runCopy(fixture.client, COPY, numbers(300_000)), 300_000)
    assert.equal(await countNoted(), 300_000)
    await fixture.client.query('truncate noted')
    await fixture.client.query('alter table noted add check (number <> 70000)')
  })

  it('may follow other statements, and returns the rows of the COPY', async () => {
    assert.equal(await runCopy(fixture.client, `begin; ${COPY}`, numbers(5)), 5)
    await fixture.client.query('rollback')
    assert.equal(await countNoted(), 0)
    assert.equal(await runCopy(fixture.client, COPY, []), 0)
  })

  it('fails with the first refused row, and leaves the connection usable', async () => {
    await assert.rejects(runCopy(fixture.client, COPY, numbers(300_000)), { code: '23514' })
    assert.equal(await countNoted(), 0)
  })

  it('fails when the statement is refused, and leaves the connection usable', async () => {
    const missing = runCopy(fixture.client, 'copy nothing from stdin', numbers(300_000))
    await assert.rejects(missing, { code: '42P01' })
    assert.equal(await runCopy(fixture.client, COPY, numbers(10)), 10)
  })

  it('fails when the connection breaks', async () => {
    const other = await connectDatabase({ connectionString: fixture.database.url })
    const pid = (await other.query('select pg_backend_pid() as pid')).rows[0]?.pid
    await fixture.client.query('select pg_terminate_backend($1)', [pid])
    await assert.rejects(runCopy(other, COPY, numbers(300_000)))
  })
})
