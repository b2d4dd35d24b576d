import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { migrateDatabase } from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ask, LoaderHarness, type LogLine, recordingLogger } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'

/** Counts the tables of each schema. */
const TABLES = `
  select relnamespace::regnamespace::text as schema, count(*)::int as tables from pg_class
  where relkind in ('r', 'p') and not relispartition
    and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
  group by 1 order by 1`
const EARLIER_COLUMNS =
  'id serial primary key, name varchar(255) not null, run_on timestamp not null'

describe('the table of migrations', () => {
  let database: TestDatabase
  let lines: LogLine[]
  beforeEach(() => {
    lines = []
  })
  afterEach(() => database.drop())

  async function create(migrate: boolean): Promise<string> {
    database = await createTestDatabase({ migrate })
    return database.url
  }

  function migrate(url: string): Promise<readonly string[]> {
    return migrateDatabase(url, recordingLogger(lines))
  }

  it('lies with all tables in the first schema of search_path, and lets a second installation be', async () => {
    const url = await create(false)
    await ask(url, 'create schema first; create schema "Second one"')
    const places = [url, 'first', '"Second one", first, public'].map((path, index) =>
      index === 0 ? url : withSearchPath(url, path),
    )
    for (const [index, place] of places.entries()) {
      for (const start of [0, 1]) {
        const harness = new LoaderHarness(place)
        await harness.loader.start()
        harness.submit(numberedBatch({ from: start, count: index + 1 }))
        await harness.committed()
        await harness.loader.stop()
        assert.deepEqual(harness.fatal, [])
      }
    }
    const counted = await ask(url, TABLES)
    assert.deepEqual(
      counted.map(({ schema }) => schema),
      ['"Second one"', 'first', 'public'],
    )
    assert.equal(new Set(counted.map(({ tables }) => tables)).size, 1)
    const rows = await ask(
      url,
      `select tableoid::regclass::text as partition, count(*)::int as rows from "Second one".flows
       group by 1`,
    )
    assert.deepEqual(rows, [{ partition: '"Second one".flows_20261121', rows: 6 }])
  })

  it('continues that of an earlier version, which finds its own again', async () => {
    const url = await create(true)
    await ask(url, 'alter table netflow_migrations rename to pgmigrations')
    const before = await ask(url, 'select * from pgmigrations')
    assert.deepEqual(await migrate(url), [])
    assert.deepEqual(await migrate(url), [])
    assert.equal(lines.filter(({ msg }) => /continues an earlier table/.test(msg)).length, 1)
    assert.deepEqual(await ask(url, 'select * from pgmigrations'), before)
    assert.deepEqual(
      await ask(url, 'select name, run_on from netflow_migrations order by id'),
      before.map(({ name, run_on }) => ({ name, run_on })),
    )
  })

  it('continues that of an earlier version, which lay in public wherever the tables were', async () => {
    const url = await create(false)
    await ask(url, 'create schema mine')
    const mine = withSearchPath(url, 'mine')
    await migrate(mine)
    await ask(
      url,
      `alter table mine.netflow_migrations set schema public;
       alter table netflow_migrations rename to pgmigrations`,
    )
    assert.deepEqual(await migrate(mine), [])
    // These tables are not those of the schema `public`, which gets its own.
    await ask(url, 'drop table pgmigrations')
    assert.ok((await migrate(url)).length > 0)
  })

  it('lets that of another program be', async () => {
    const url = await create(false)
    await ask(
      url,
      `create table pgmigrations (${EARLIER_COLUMNS});
       insert into pgmigrations (name, run_on) values ('1700000000000_orders', now())`,
    )
    assert.ok((await migrate(url)).length > 0)
    assert.equal((await ask(url, 'select from pgmigrations')).length, 1)
    assert.deepEqual(await migrate(url), [])
  })

  for (const [table, problem] of [
    ['flows', /the schema public has a table flows, but this program did not create it/],
    ['exporters', /relation "exporters" already exists, but this program did not/],
    [
      'netflow_migrations',
      /relation "netflow_migrations" already exists, but this program did not/,
    ],
  ] as const) {
    it(`is not made beside a table ${table} of another program`, async () => {
      const url = await create(false)
      await ask(url, `create table ${table} (another text)`)
      const failure = await migrate(url).then(String, (error: Error) => error.message)
      assert.match(failure, problem)
      assert.match(failure, /"create schema NAME authorization ROLE" and "alter role ROLE/)
      assert.deepEqual(await ask(url, TABLES), [{ schema: 'public', tables: 1 }])
    })
  }

  it('tells that a newer version has made the tables', async () => {
    const url = await create(true)
    await ask(url, `insert into netflow_migrations (name, run_on) values ('9999_later', now())`)
    await assert.rejects(migrate(url), /a newer version.*\(9999_later\).*migrate -- down 1$/)
  })
})

function withSearchPath(url: string, path: string): string {
  return `${url}?options=${encodeURIComponent(`-c search_path=${path.replaceAll(' ', '\\ ')}`)}`
}
