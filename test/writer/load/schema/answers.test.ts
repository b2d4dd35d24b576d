/** Views and functions of a folder of the test's own, in a schema of the test's own. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { applyAnswers, dropAnswers } from '../../../../writer/load/schema/answers.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { type LogLine, recordingLogger } from '../loader-harness.ts'

describe('the folder of answers', () => {
  let database: TestDatabase
  let client: pg.Client
  let folder: string
  let lines: LogLine[]
  let schemas = 0

  before(async () => {
    database = await createTestDatabase({ migrate: false })
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('create role answers_reader')
  })
  after(async () => {
    await client?.query('drop owned by answers_reader; drop role answers_reader')
    await client?.end()
    await database?.drop()
  })
  beforeEach(async () => {
    lines = []
    folder = await mkdtemp(join(tmpdir(), 'netflow-answers-'))
    const schema = `flows of mine ${++schemas}`
    await client.query(`create schema "${schema}"; set search_path = "${schema}", public`)
    await client.query(`
      create table answer_definitions (name text primary key, hash text not null);
      create table numbers (a integer, b integer);
      insert into numbers values (1, 2)`)
    await write('low', 'create or replace view low as select a from numbers')
    await write('high', '-- needs: low\ncreate or replace view high as select a + 1 as c from low')
    await write(
      'above',
      `create or replace function above(lowest integer) returns setof high language sql stable
       begin atomic select * from high where c >= lowest; end`,
      'high',
    )
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function write(name: string, sql: string, needs = ''): Promise<void> {
    await writeFile(join(folder, `${name}.sql`), needs ? `-- needs: ${needs}\n${sql}` : sql)
  }

  const apply = () => applyAnswers(client, recordingLogger(lines), folder)

  async function ask(sql: string): Promise<unknown[]> {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  }

  const objects = () =>
    ask(`
      select relname::text from pg_class
      where relnamespace = (select oid from pg_namespace where nspname = current_schema()) and relkind = 'v'
      union all
      select oid::regprocedure::text from pg_proc
      where pronamespace = (select oid from pg_namespace where nspname = current_schema())
      order by 1`)

  it('is applied in order of dependency, in the schema of the tables', async () => {
    await apply()
    assert.deepEqual(await objects(), ['above(integer)', 'high', 'low'])
    assert.deepEqual(await ask('select c from above(0)'), [2])
    assert.equal(lines.at(-1)?.msg, 'renewed the views and functions')
  })

  it('is applied once, also by several processes, until a file changes', async () => {
    const xmins = `select xmin::text from pg_class where oid = 'low'::regclass`
    await apply()
    const created = await ask(xmins)
    await apply()
    assert.deepEqual(await ask(xmins), created)
    assert.equal(lines.length, 1)
    await write('low', 'create or replace view low as select a * 10 as a from numbers')
    await apply()
    assert.deepEqual(await ask('select c from above(0)'), [11])
  })

  it('drops and creates what cannot be replaced, with the rights on it', async () => {
    await apply()
    await client.query(`
      grant select on high to answers_reader;
      revoke execute on function above(integer) from public;
      grant execute on function above(integer) to answers_reader`)
    await write('low', 'create or replace view low as select b::bigint as b, a from numbers')
    await apply()
    assert.deepEqual(await ask('select * from low'), ['2', 1])
    assert.deepEqual(await ask('select c from above(0)'), [2])
    assert.deepEqual(
      await ask(`select has_table_privilege('answers_reader', 'high', 'select'),
        has_function_privilege('answers_reader', 'above(integer)', 'execute')`),
      [true, true],
    )
  })

  it('has one version of a function, also when its arguments change', async () => {
    await apply()
    await write(
      'above',
      `create or replace function above(lowest integer, highest integer) returns setof high
       language sql stable begin atomic select * from high where c between lowest and highest; end;
       comment on function above is 'Both bounds.'`,
      'high',
    )
    await apply()
    assert.deepEqual(await objects(), ['above(integer,integer)', 'high', 'low'])
  })

  it('names the objects of others that are in the way, and changes nothing', async () => {
    await apply()
    await client.query(`
      create view report as select * from high;
      create materialized view monthly as select * from report`)
    await write('low', 'create or replace view low as select b, a from numbers')
    await assert.rejects(
      apply(),
      /cannot be renewed: on low others are built, .*view report.*; save their definitions, drop them, run npm run migrate, and create them again/,
    )
    await assert.rejects(apply(), /materialized view monthly/)
    assert.deepEqual(await ask('select * from low'), [1])
    await assert.rejects(dropAnswers(client), /view report/)
    await client.query('drop view report cascade')
    await apply()
    assert.deepEqual(await ask('select * from low'), [2, 1])
  })

  it('replaces in place under the views of others', async () => {
    await apply()
    await client.query('create view report as select * from high')
    await write('low', 'create or replace view low as select a * 10 as a, b from numbers')
    await apply()
    assert.deepEqual(await ask('select c from report'), [11])
  })

  it('leaves an object of the same name to its owner, and asks to rename it', async () => {
    await client.query('create table high (mine integer)')
    await assert.rejects(apply(), /names that this program needs: table high; rename them/)
    await client.query('alter table high rename to mine')
    await apply()
  })

  it('drops the object of a file that was removed', async () => {
    await apply()
    await rm(join(folder, 'above.sql'))
    await rm(join(folder, 'high.sql'))
    await apply()
    assert.deepEqual(await objects(), ['low'])
  })

  it('is dropped as a whole, and created again', async () => {
    await apply()
    await dropAnswers(client)
    assert.deepEqual(await objects(), [])
    await apply()
    assert.deepEqual(await objects(), ['above(integer)', 'high', 'low'])
  })

  it('names the file of a mistake, and changes nothing', async () => {
    await write('high', 'create or replace view high as select nothing from low', 'low')
    await assert.rejects(apply(), /migrations\/answers\/high\.sql: column "nothing" does not exist/)
    assert.deepEqual(await objects(), [])
    await write('high', 'create or replace view high as select a as c from low', 'low deep')
    await assert.rejects(apply(), /high\.sql needs deep, which has no file/)
    await write('low', 'create or replace view low as select a from numbers', 'above')
    await write('high', 'create or replace view high as select a as c from low', 'low')
    await assert.rejects(apply(), /above needs high needs low needs above: a circle/)
  })
})
