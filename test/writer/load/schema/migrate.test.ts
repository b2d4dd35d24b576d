import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { migrateDatabase } from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase } from '../../../helpers/database.ts'
import { ask, recordingLogger } from '../loader-harness.ts'

const MIGRATIONS = readdirSync(fileURLToPath(new URL('../../../../../migrations', import.meta.url)))
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()
const MIGRATE = fileURLToPath(new URL('../../../../writer/migrate.js', import.meta.url))
const TABLES = `
  select relname::text as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`
const logger = recordingLogger([])

async function tableNames(url: string): Promise<unknown[]> {
  return (await ask(url, TABLES)).map(({ name }) => name)
}

describe('migrations', () => {
  it('go up, down to nothing, and up again', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    assert.deepEqual(await migrateDatabase(url, logger), MIGRATIONS)
    const tables = await tableNames(url)
    assert.ok(tables.includes('flows') && tables.includes('journal_positions'))
    const down = { direction: 'down', count: MIGRATIONS.length } as const
    assert.deepEqual(await migrateDatabase(url, logger, down), MIGRATIONS.toReversed())
    assert.deepEqual(await tableNames(url), ['netflow_migrations'])
    assert.deepEqual(await migrateDatabase(url, logger), MIGRATIONS)
    assert.deepEqual(await tableNames(url), tables)
    await drop()
  })

  it('are run once by several writers that start together', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    const runs = await Promise.all([1, 2, 3].map(() => migrateDatabase(url, logger)))
    assert.deepEqual(
      runs.filter((names) => names.length > 0),
      [MIGRATIONS],
    )
    await drop()
  })

  it('leave what somebody has built on the views of an older version', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    await migrateDatabase(url, logger, { direction: 'up', count: 10 })
    await ask(url, 'create view my_report as select exporter, difference from balance')
    await migrateDatabase(url, logger)
    assert.equal((await ask(url, 'select * from my_report')).length, 1)
    assert.equal((await ask(url, 'select * from exporter_health')).length, 0)
    const down = { direction: 'down', count: 1 } as const
    await assert.rejects(
      migrateDatabase(url, logger, down),
      /on .*balance.* others are built, view my_report/,
    )
    assert.equal((await ask(url, 'select * from exporter_health')).length, 0)
    await drop()
  })

  it('that cannot be undone leave the views and all tables', async () => {
    const { url, drop } = await createTestDatabase()
    const tables = await tableNames(url)
    const views = 'select name from answer_definitions order by name'
    const answers = await ask(url, views)
    assert.ok(answers.length > 0)
    await ask(url, 'create view my_flows as select exporter from flows')
    const down = { direction: 'down', count: MIGRATIONS.length } as const
    await assert.rejects(migrateDatabase(url, logger, down), /cannot drop table flows/)
    assert.deepEqual(await tableNames(url), tables)
    assert.deepEqual(await ask(url, views), answers)
    assert.equal((await ask(url, 'select * from exporter_health')).length, 0)
    await drop()
  })

  it('fail on a database that cannot store all names, and say how to create one that can', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    const latin1 = new URL(url)
    latin1.pathname += '_latin1'
    const name = latin1.pathname.slice(1)
    await ask(url, `create database ${name} template template0 encoding 'LATIN1' locale 'C'`)
    const advice =
      /has the encoding LATIN1, .*template0 encoding 'UTF8' locale 'C'", and set DATABASE_URL/
    await assert.rejects(migrateDatabase(latin1.href, logger), advice)
    assert.deepEqual(await tableNames(latin1.href), [])
    await ask(url, `drop database ${name} with (force)`)
    await drop()
  })

  it('are run by the command, which reports them', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    const run = async (...args: string[]) => {
      const env = { ...process.env, DATABASE_URL: url }
      return (await promisify(execFile)(process.execPath, [MIGRATE, ...args], { env })).stdout
    }
    assert.match(await run(), /migrated the database up/)
    assert.match(await run('up'), /nothing to do/)
    assert.match(await run('down', '1'), /migrated the database down/)
    const [left] = await ask(url, 'select count(*)::int as migrations from netflow_migrations')
    assert.equal(left?.['migrations'], MIGRATIONS.length - 1)
    await assert.rejects(run('sideways'), { code: 2 })
    await drop()
  })
})
