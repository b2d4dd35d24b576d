/**
 * What a new hypertable has, and what is refused. With a stand-in of TimescaleDB on any server, and with
 * TimescaleDB itself where the server of DATABASE_URL has it.
 */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createLogger } from '../../../../shared/logger.ts'
import {
  allUp,
  convertToHypertable,
  migrateDatabase,
} from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ask } from '../loader-harness.ts'
import { skipWithoutTimescale } from '../stores/skip-without-timescale.ts'
import { TIMESCALE_STAND_IN } from '../stores/timescale-stand-in.ts'

const SILENT = createLogger('test', 'silent')
const EXTENSIONS = [
  { extension: 'a stand-in', create: TIMESCALE_STAND_IN, skip: false },
  {
    extension: 'TimescaleDB',
    create: 'create extension timescaledb',
    skip: await skipWithoutTimescale(),
  },
] as const

/** All that a reader or a migration can see of the tables, views and functions. */
const COLUMNS = `
  select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as required,
    col_description(attrelid, attnum) as comment, attstorage as storage, attacl::text as acl
  from pg_attribute where attrelid = 'flows'::regclass and attnum > 0 order by attnum`
const TABLE = `
  select obj_description(oid, 'pg_class') as comment, relowner::regrole::text as owner,
    (select array_agg(acl::text order by acl::text) from unnest(relacl) as acl) as acl,
    (select array_agg(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '))
     from pg_index where indrelid = pg_class.oid) as indexes
  from pg_class where oid = 'flows'::regclass`
const ANSWERS = `
  select relname as name, pg_get_viewdef(oid) as text, obj_description(oid, 'pg_class') as comment,
    relacl::text as acl
  from pg_class where relkind = 'v' and relnamespace = current_schema()::regnamespace
    and relname in (select name from answer_definitions)
  union all
  select proname, pg_get_functiondef(oid), obj_description(oid, 'pg_proc'), proacl::text
  from pg_proc where pronamespace = current_schema()::regnamespace
    and proname in (select name from answer_definitions)
  order by 1, 2`

for (const { extension, create, skip } of EXTENSIONS) {
  describe(`flows as a hypertable of ${extension}`, { skip }, () => {
    let database: TestDatabase
    beforeEach(async () => {
      database = await createTestDatabase()
    })
    afterEach(() => database?.drop())

    async function describeAll() {
      const [columns, table, answers] = await Promise.all(
        [COLUMNS, TABLE, ANSWERS].map((question) => ask(database.url, question)),
      )
      return { columns, table, answers }
    }

    it('has the columns, indexes, comments, rights, views and functions of the partitioned table', async () => {
      await ask(
        database.url,
        `grant select on flows to public; grant update (sampling_rate) on flows to public;
         grant select on flow_details to public`,
      )
      const before = await describeAll()
      await ask(database.url, create)
      await migrateDatabase(database.url, SILENT, allUp('hypertable'))
      assert.deepEqual(await describeAll(), before)
      const [kind] = await ask(database.url, 'select kind from flow_store')
      assert.equal(kind?.['kind'], 'hypertable')
      // A start without the setting leaves it as it is.
      await migrateDatabase(database.url, SILENT)
      assert.deepEqual(await describeAll(), before)
    })

    it('can be undone with the migrations, and made again', async () => {
      await ask(database.url, create)
      await migrateDatabase(database.url, SILENT, allUp('hypertable'))
      const migrations = await migrateDatabase(database.url, SILENT, {
        direction: 'down',
        count: 99,
      })
      assert.ok(migrations.includes('0001_create-flows'))
      await migrateDatabase(database.url, SILENT, allUp('hypertable'))
      const [kind] = await ask(database.url, 'select kind from flow_store')
      assert.equal(kind?.['kind'], 'hypertable')
    })

    it('is not made of a table with rows but by its own command, which takes all of them', async () => {
      await ask(
        database.url,
        `create table flows_all partition of flows default;
         insert into flows (received_at, exporter, observation_domain, export_version)
         values (now(), '192.0.2.1', 0, 9), ('2020-01-01', '192.0.2.1', 0, 9);`,
      )
      await ask(database.url, create)
      await assert.rejects(
        migrateDatabase(database.url, SILENT, allUp('hypertable')),
        /partitioned table with rows: convert it with "npm run convert -- hypertable"/,
      )
      await migrateDatabase(database.url, SILENT)
      assert.equal(await convertToHypertable(database.url, SILENT), true)
      const [found] = await ask(
        database.url,
        `select count(*)::int as rows, to_regclass('flows_all') as old from flows`,
      )
      assert.deepEqual(found, { rows: 2, old: null })
    })

    const OBSTACLES = [
      [
        'create view busy as select count(*) from flows',
        /others are built on it: view busy depends/,
      ],
      [
        `create function nothing() returns trigger language plpgsql as 'begin return new; end';
         create trigger nosy before insert on flows for each row execute function nothing()`,
        /trigger nosy; drop them, and create them again/,
      ],
      ['create view busy as select * from flow_details', /others are built, view busy; save/],
      [
        `create access method columnar type table handler heap_tableam_handler;
         create table flows_1 partition of flows for values from ('2020-01-01') to ('2020-01-02')
           using columnar`,
        /flows_1 is columnar: run "alter table flows_1 set access method heap"/,
      ],
    ] as const
    for (const [obstacle, message] of OBSTACLES) {
      it(`is not made, and nothing changes, after: ${obstacle.slice(0, 50)}`, async () => {
        await ask(database.url, create)
        await ask(database.url, obstacle)
        await assert.rejects(convertToHypertable(database.url, SILENT), message)
        const [kind] = await ask(database.url, 'select kind from flow_store')
        assert.equal(kind?.['kind'], 'partitioned')
      })
    }
  })
}

describe('without TimescaleDB, a hypertable', () => {
  it('is refused with what to do, and nothing is migrated', async () => {
    const database = await createTestDatabase({ migrate: false })
    try {
      await assert.rejects(
        migrateDatabase(database.url, SILENT, allUp('hypertable')),
        /a hypertable needs the extension timescaledb, and this (server|database) does not have it: /,
      )
      const [found] = await ask(database.url, `select to_regclass('flows') as flows`)
      assert.equal(found?.['flows'], null)
    } finally {
      await database.drop()
    }
  })

  it('is refused when the server has not loaded it, or it is too old', async () => {
    const database = await createTestDatabase()
    try {
      await ask(database.url, TIMESCALE_STAND_IN)
      await ask(
        database.url,
        `do $$ begin
           execute format('alter database %I reset timescaledb.disable_load', current_database());
         end $$`,
      )
      const skip = await skipWithoutTimescale()
      if (skip !== false) {
        await assert.rejects(
          convertToHypertable(database.url, SILENT),
          /timescaledb is not loaded: set shared_preload_libraries/,
        )
      }
      await ask(
        database.url,
        `do $$ begin
           execute format('alter database %I set timescaledb.disable_load = off', current_database());
         end $$;
         set allow_system_table_mods = on;
         update pg_extension set extversion = '2.9.1' where extname = 'timescaledb'`,
      )
      await assert.rejects(
        convertToHypertable(database.url, SILENT),
        /timescaledb 2.9.1 is too old, and 2.24 is the oldest/,
      )
    } finally {
      await database.drop()
    }
  })
})
