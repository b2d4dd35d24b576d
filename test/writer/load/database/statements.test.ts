import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import {
  rowsStatements,
  runTogether,
  type Statement,
} from '../../../../writer/load/database/statements.ts'
import { useClient } from '../../../helpers/use-client.ts'

function insert(...numbers: (number | null)[]): Statement {
  const values = [`{${numbers.map((number) => number ?? 'null').join(',')}}`]
  return { name: 'insert', text: 'insert into noted select unnest($1::int[])', values }
}

describe('statements for rows', () => {
  const statementsOf = (texts: readonly string[]) =>
    [
      ...rowsStatements(
        'add',
        'select $1',
        texts.map((text) => ({ text })),
        'more',
      ),
    ].map(({ name, text, values: [rows, ...more] }) => {
      assert.deepEqual([name, text, more], ['add', 'select $1', ['more']])
      return (JSON.parse(String(rows)) as { text: string }[]).map((row) => row.text)
    })

  it('are one for a few rows, and none without rows', () => {
    assert.deepEqual(statementsOf(['one', 'two']), [['one', 'two']])
    assert.deepEqual(statementsOf([]), [])
  })

  it('are several when the rows are too large for one', () => {
    const long = 'long'.repeat(1024 * 1024)
    assert.deepEqual(statementsOf([long, 'a', long, 'b', long, long, long]), [
      [long, 'a'],
      [long, 'b'],
      [long],
      [long],
      [long],
    ])
    const longest = long + long + long
    assert.deepEqual(statementsOf(['a', longest, 'b']), [['a'], [longest], ['b']])
  })
})

describe('statements that run together', () => {
  const fixture = useClient({ migrate: false })
  before(() => fixture.client.query('create temporary table noted (number integer not null)'))

  async function notedNumbers(): Promise<number[]> {
    const { rows } = await fixture.client.query('select number from noted order by number')
    return rows.map(({ number }) => number)
  }

  it('report how many rows each of them changed or found', async () => {
    const update = { name: 'update', text: 'update noted set number = number + 10', values: [] }
    const find = {
      name: 'find',
      text: 'select from noted where number > $1::int and $2::text is null',
      values: [12, null],
    }
    const results = await runTogether(fixture.client, [insert(1, 2, 3), update, find])
    assert.deepEqual(results, { counts: [3, 3, 1], error: undefined })
    assert.deepEqual(await notedNumbers(), [11, 12, 13])
    // Both are prepared already.
    assert.deepEqual((await runTogether(fixture.client, [insert(4), find])).counts, [1, 1])
  })

  it('stop at the first one that fails, and report those before it', async () => {
    await fixture.client.query('delete from noted')
    await fixture.client.query('begin')
    const { counts, error } = await runTogether(fixture.client, [
      insert(1),
      insert(2, null),
      insert(3),
    ])
    assert.deepEqual(counts, [1])
    assert.equal((error as { code?: string }).code, '23502')
    await fixture.client.query('rollback')
    assert.deepEqual(await notedNumbers(), [])
  })

  it('fail when the connection breaks', async () => {
    const other = await connectDatabase({ connectionString: fixture.database.url })
    const wait = { name: 'wait', text: 'select pg_sleep($1)', values: [60] }
    const running = runTogether(other, [wait])
    await fixture.client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    )
    const { counts, error } = await running
    assert.deepEqual(counts, [])
    assert.equal((error as { code?: string }).code, '57P01')
    const later = await runTogether(other, [wait])
    assert.match(String(later.error), /not queryable|closed|terminated|ECONNRESET/)
  })
})
