import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { FIELD } from '../../../writer/netflow/flow-record.ts'
import { until } from '../../helpers/until.ts'
import { ask, countRows, LoaderHarness, useLoader } from './loader-harness.ts'
import {
  messageOf,
  numberedBatch,
  RECEIVED_AT_MICROS,
  STREAM_CHANGE,
  typicalRecord,
} from './sample-rows.ts'

const LINES = { datagrams: 0, malformed: 0, reports: 0, lostBytes: 0 }

describe('the loader', () => {
  const given = useLoader()

  it('begins at position 0, and goes on after the last batch', async () => {
    const memory = { templates: [], samplers: [], names: [], flowTotals: [], heldSets: [] }
    const empty = { position: 0, exporters: [], streams: [], memory, lines: LINES, held: [] }
    const { database: name, ...found } = (await given.harness.loader.start()) ?? {}
    assert.deepEqual(found, empty)
    assert.match(String(name), /_test_\w+ at /)
    const batch = numberedBatch({ from: 0, count: 10 })
    batch.changes.streams.push({ ...STREAM_CHANGE })
    given.harness.submit(batch)
    await given.harness.committed()
    await given.harness.loader.stop()
    const { journalId } = given.harness
    given.harness = new LoaderHarness(given.database.url, { journalId })
    const [exporter] = batch.changes.exporters
    const { exporter: address, exportVersion, observationDomain } = STREAM_CHANGE
    const { sequenceState, systemInitMs, systemInitEstimateMs } = STREAM_CHANGE
    const { suggestedByteOrder, totalsForgottenMicros, mixedTemplatesMicros } = STREAM_CHANGE
    assert.deepEqual(await given.harness.loader.start(), {
      database: name,
      position: 10,
      exporters: [
        {
          ...exporter,
          sampling: { override: null, default: null, byteOrder: 'network' },
          sequenceCheck: 'auto',
        },
      ],
      streams: [
        {
          exporter: address,
          exportVersion,
          observationDomain,
          sequenceState: JSON.parse(String(sequenceState)),
          systemInitMs,
          systemInitEstimateMs,
          suggestedByteOrder,
          mixedTemplatesMicros,
          totalsForgottenMicros,
        },
      ],
      memory,
      lines: LINES,
      held: [],
    })
  })

  it('loads batches over several lanes and commits them in order', async () => {
    await given.harness.loader.start()
    const batches = Array.from({ length: 20 }, (_, index) =>
      numberedBatch({ from: index * 500, count: 500 }),
    )
    for (const batch of batches) given.harness.submit(batch)
    await given.harness.committed()
    assert.deepEqual(given.harness.released, batches)
    assert.deepEqual(await countRows(given.database.url), { rows: 10_000, different: 10_000 })
  })

  it('lets a batch be filled again when it is committed', async () => {
    await given.harness.loader.start()
    const batch = numberedBatch({ from: 0, count: 10 })
    for (const number of [10, 11]) {
      await given.harness.loader.submit(batch)
      batch.reset()
      batch.append(typicalRecord(number), messageOf())
      batch.journalTo = number + 1
    }
    await given.harness.loader.submit(batch)
    assert.deepEqual(await countRows(given.database.url), { rows: 12, different: 12 })
  })

  it('commits in order although an earlier batch is held up', async () => {
    await given.harness.loader.start()
    const blocker = new pg.Client({ connectionString: given.database.url })
    await blocker.connect()
    // The first batch waits for this lock; the second one must not overtake it.
    await blocker.query('begin')
    await blocker.query('select * from journal_positions for update')
    for (let index = 0; index < 4; index++) {
      given.harness.submit(numberedBatch({ from: index * 100, count: 100 }))
    }
    await until('both lanes to have copied', async () => {
      const [waiting] = await ask(
        given.database.url,
        `select count(*)::int as copied from pg_stat_activity
         where datname = current_database() and application_name = 'netflow-writer'
           and backend_xid is not null`,
      )
      return waiting?.['copied'] === 2
    })
    assert.deepEqual(await countRows(given.database.url), { rows: 0, different: 0 })
    await blocker.query('rollback')
    await blocker.end()
    await given.harness.committed()
    assert.deepEqual(await countRows(given.database.url), { rows: 400, different: 400 })
  })

  it('is not blocked for ever by a lock that waits for a copied batch', async () => {
    await given.harness.loader.start()
    const blocker = new pg.Client({ connectionString: given.database.url })
    const builder = new pg.Client({ connectionString: given.database.url })
    await Promise.all([blocker.connect(), builder.connect()])
    await blocker.query('begin')
    await blocker.query('select * from journal_positions for update')
    given.harness.submit(numberedBatch({ from: 0, count: 100 }))
    given.harness.submit(numberedBatch({ from: 100, count: 100 }))
    const waits = (count: number) =>
      until(`${count} copied batches`, async () => {
        const [found] = await ask(
          given.database.url,
          `select count(*)::int as holders from pg_locks
           where relation in (select inhrelid from pg_inherits where inhparent = 'flows'::regclass)
             and database = (select oid from pg_database where datname = current_database())
             and mode = 'RowExclusiveLock' and granted`,
        )
        return found?.['holders'] === count
      })
    await waits(2)
    const building = builder.query('create index on flows (src_addr)')
    // The first batch's lane loses its connection: its next COPY queues behind the index, which
    // waits for the second batch, which waits for the first one.
    await ask(
      given.database.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'netflow-writer'
         and wait_event_type = 'Lock' and query like '%update journal_positions%'`,
    )
    await blocker.query('rollback')
    await given.harness.committed()
    await building
    await Promise.all([blocker.end(), builder.end()])
    assert.deepEqual(await countRows(given.database.url), { rows: 200, different: 200 })
  })

  it('commits a batch that holds no bytes of the journal', async () => {
    await given.harness.loader.start()
    for (let index = 0; index < 3; index++) {
      const batch = new CopyBatch()
      batch.changes.exporters.push({
        address: '192.0.2.9',
        firstSeenMicros: RECEIVED_AT_MICROS,
        lastSeenMicros: RECEIVED_AT_MICROS,
        enabled: true,
      })
      given.harness.submit(batch)
    }
    await given.harness.committed()
    assert.equal((await given.harness.loader.readExporters()).length, 1)
  })

  it('parks the rows that the database refuses, and stores the rest', async () => {
    await given.harness.loader.start()
    await ask(
      given.database.url,
      'alter table flows add constraint odd_port check (dst_port <> 666)',
    )
    const batch = new CopyBatch()
    for (let number = 0; number < 1_000; number++) {
      const record = typicalRecord(number)
      if (number % 333 === 0) record.set(FIELD.dstPort, 666)
      if (number === 500) record.setExtra('{"broken":')
      batch.append(record, messageOf())
    }
    batch.journalTo = 1_000
    given.harness.submit(batch)
    given.harness.submit(numberedBatch({ from: 1_000, count: 100 }))
    await given.harness.committed()
    await ask(given.database.url, 'alter table flows drop constraint odd_port')
    assert.equal(batch.parked, 5)
    assert.deepEqual(await countRows(given.database.url), { rows: 1_095, different: 1_095 })
    const parked = await ask(
      given.database.url,
      `select host(exporter) as exporter, sqlstate, (record->>'bytes')::int as number,
         received_at = (record->>'received_at')::timestamptz as same_time
       from rejected_records order by id`,
    )
    assert.deepEqual(
      parked.map(({ number, sqlstate }) => [number, sqlstate]),
      [
        [0, '23514'],
        [333, '23514'],
        [500, '22P02'],
        [666, '23514'],
        [999, '23514'],
      ],
    )
    assert.ok(parked.every((row) => row['exporter'] === '192.0.2.1' && row['same_time']))
    await given.harness.waitForLine(/refused rows; they are kept in rejected_records/)
  })
})
