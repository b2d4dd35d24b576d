import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createTestDatabase } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'
import { ask, countRows, LoaderHarness, useLoader } from './loader-harness.ts'
import { numberedBatch } from './sample-rows.ts'

/** Longer than four attempts take. */
const LONG_REFUSED_MS = 1_500

/** A change that an operator makes and takes back; `$1` is the database, `$2` a role for the loader. */
interface Refusal {
  readonly title: string
  readonly sqlState: string
  readonly change: string
  readonly undo: string
}

const REFUSALS: readonly Refusal[] = [
  {
    title: 'whose database accepts no connections',
    sqlState: '55000',
    change: 'alter database $1 allow_connections false',
    undo: 'alter database $1 allow_connections true',
  },
  {
    title: 'whose database has another name',
    sqlState: '3D000',
    change: 'alter database $1 rename to $1_renamed',
    undo: 'alter database $1_renamed rename to $1',
  },
  {
    title: 'whose role cannot log in',
    sqlState: '28000',
    change: 'alter role $2 nologin',
    undo: 'alter role $2 login',
  },
]

/** PostgreSQL does not rename a database that is in use, and the loader may be back already. */
function isRenamed(renaming: Promise<unknown>): Promise<boolean> {
  return renaming.then(
    () => true,
    (error: Error & { code?: string }) => {
      if (error.code === '55006') return false
      throw error
    },
  )
}

describe('a loader that is refused', () => {
  const fixture = useLoader()
  let name: string
  let role: string
  const administrate = (sql: string) => {
    const url = new URL(fixture.database.url)
    url.pathname = '/postgres'
    return ask(url.href, sql.replaceAll('$1', name).replaceAll('$2', role))
  }
  before(async () => {
    name = new URL(fixture.database.url).pathname.slice(1)
    role = `${name}_role`
    await administrate('create role $2 login superuser')
  })
  // Its objects went with the database.
  after(() => administrate('drop role $2'))

  for (const { title, sqlState, change, undo } of REFUSALS) {
    it(`and ${title} goes on when the refusal ends`, async () => {
      const url = new URL(fixture.database.url)
      url.username = role
      const harness = new LoaderHarness(url.href, { journalId: fixture.harness.journalId })
      try {
        await harness.loader.start()
        harness.submit(numberedBatch({ from: 0, count: 10 }))
        await harness.committed()
        const terminate = `select pg_terminate_backend(pid, 5000) from pg_stat_activity
          where datname = '$1'`
        if (sqlState === '3D000') {
          await until('nobody uses the database, and it is renamed', async () => {
            await administrate(terminate)
            return isRenamed(administrate(change))
          })
        } else {
          await administrate(change)
          await administrate(terminate)
        }
        harness.submit(numberedBatch({ from: 10, count: 10 }))
        await until('the refusal', () =>
          // Work in the background is refused as well, and says that it tries again.
          harness.lines.some(({ sqlState: code, msg }) => code === sqlState && /kept/.test(msg)),
        )
        const refusedAt = performance.now()
        await until(
          'more than four attempts',
          () => performance.now() - refusedAt > LONG_REFUSED_MS,
        )
        assert.deepEqual(harness.fatal, [])
        const isRefusal = sqlState !== '55000'
        assert.equal(harness.loader.refusal !== undefined, isRefusal)
        assert.ok(harness.loader.awaySince !== undefined)
        await administrate(undo)
        await harness.committed()
        assert.equal(harness.loader.refusal, undefined)
        assert.deepEqual(await countRows(fixture.database.url), { rows: 20, different: 20 })
      } finally {
        await harness.loader.stop()
      }
    })
  }

  it('by its first batch ends with what to do', async () => {
    const { harness, database } = fixture
    await harness.loader.start()
    await ask(database.url, 'alter table journal_positions rename to mislaid')
    harness.submit(numberedBatch({ from: 0, count: 10 }))
    const fatal = await until('a fatal error', () => harness.fatal[0] as Error | undefined)
    assert.match(fatal.message, /a table is missing.*the journal keeps.*start the writer/)
    harness.fatal.length = 0
    await ask(database.url, 'alter table mislaid rename to journal_positions')
  })

  it('to write at its first start waits, since the server may be a standby', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    const empty = new URL(url).pathname.slice(1)
    await ask(url, `alter database ${empty} set default_transaction_read_only = on`)
    const harness = new LoaderHarness(url)
    const starting = harness.loader.start()
    const line = await harness.waitForLine(/the batch is kept and tried again/)
    assert.equal(line['sqlState'], '25006')
    await ask(
      url,
      `begin read write; alter database ${empty} reset default_transaction_read_only; commit`,
    )
    assert.equal((await starting)?.position, 0)
    await harness.loader.stop()
    await drop()
  })
})
