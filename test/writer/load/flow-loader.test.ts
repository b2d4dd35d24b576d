import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import type { StreamChange } from '../../../writer/load/tables/exporter-streams.ts'
import { FIELD } from '../../../writer/netflow/flow-record.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'
import { ask, countRows, LoaderHarness } from './loader-harness.ts'
import { messageOf, numberedBatch, RECEIVED_AT_MICROS, typicalRecord } from './sample-rows.ts'

const LINES = { datagrams: 0, malformed: 0, reports: 0, lostBytes: 0 }

const STREAM: StreamChange = {
  exporter: '192.0.2.1',
  exportVersion: 9,
  observationDomain: 7,
  datagrams: 10,
  flowRecords: 100,
  optionsRecords: 2,
  heldSets: 3,
  releasedSets: 2,
  expiredSets: 1,
  malformedSets: 4,
  implausibleTimes: 5,
  flowsWithoutRate: 1,
  late: 6,
  duplicates: 7,
  restarts: 1,
  lost: 8,
  sequenceUnit: 'datagrams',
  nextSequence: 4_294_967_295,
  sequenceState: { expected: 12 },
  clockSkewMs: -250,
  lastTemplateMicros: RECEIVED_AT_MICROS - 1_000_000,
  systemInitMs: 1_700_000_000_123,
  systemInitEstimateMs: 1_700_000_000_456,
  suggestedByteOrder: 'little',
  totalsForgottenMicros: 1_700_000_000_000_001,
  firstSeenMicros: RECEIVED_AT_MICROS - 2_000_000,
  lastSeenMicros: RECEIVED_AT_MICROS,
}

describe('the loader', () => {
  let database: TestDatabase
  let harness: LoaderHarness
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())
  beforeEach(async () => {
    await ask(database.url, 'truncate flows, exporters, sequence_gaps, rejected_records cascade')
    harness = new LoaderHarness(database.url)
  })
  afterEach(async () => {
    await harness.loader.stop()
    assert.deepEqual(harness.fatal, [])
  })

  it('begins at position 0, and goes on after the last batch', async () => {
    const memory = { templates: [], samplers: [], names: [], flowTotals: [], heldSets: [] }
    const empty = { position: 0, exporters: [], streams: [], memory, lines: LINES, held: [] }
    const { database: name, ...found } = (await harness.loader.start()) ?? {}
    assert.deepEqual(found, empty)
    assert.match(String(name), /_test_\w+ at /)
    const batch = numberedBatch({ from: 0, count: 10 })
    batch.changes.streams.push({ ...STREAM })
    harness.submit(batch)
    await harness.committed()
    await harness.loader.stop()
    const { journalId } = harness
    harness = new LoaderHarness(database.url, { journalId })
    const [exporter] = batch.changes.exporters
    const { exporter: address, exportVersion, observationDomain } = STREAM
    const { sequenceState, systemInitMs, systemInitEstimateMs } = STREAM
    const { suggestedByteOrder, totalsForgottenMicros } = STREAM
    assert.deepEqual(await harness.loader.start(), {
      database: name,
      position: 10,
      exporters: [
        { ...exporter, sampling: { override: null, default: null, byteOrder: 'network' } },
      ],
      streams: [
        {
          exporter: address,
          exportVersion,
          observationDomain,
          sequenceState,
          systemInitMs,
          systemInitEstimateMs,
          suggestedByteOrder,
          totalsForgottenMicros,
        },
      ],
      memory,
      lines: LINES,
      held: [],
    })
  })

  it('loads batches over several lanes and commits them in order', async () => {
    await harness.loader.start()
    const batches = Array.from({ length: 20 }, (_, index) =>
      numberedBatch({ from: index * 500, count: 500 }),
    )
    for (const batch of batches) harness.submit(batch)
    await harness.committed()
    assert.deepEqual(harness.released, batches)
    assert.deepEqual(await countRows(database.url), { rows: 10_000, different: 10_000 })
  })

  it('lets a batch be filled again when it is committed', async () => {
    await harness.loader.start()
    const batch = numberedBatch({ from: 0, count: 10 })
    for (const number of [10, 11]) {
      await harness.loader.submit(batch)
      batch.reset()
      batch.append(typicalRecord(number), messageOf())
      batch.journalTo = number + 1
    }
    await harness.loader.submit(batch)
    assert.deepEqual(await countRows(database.url), { rows: 12, different: 12 })
  })

  it('commits in order although an earlier batch is held up', async () => {
    await harness.loader.start()
    const blocker = new pg.Client({ connectionString: database.url })
    await blocker.connect()
    // The first batch waits for this lock; the second one must not overtake it.
    await blocker.query('begin')
    await blocker.query('select * from journal_positions for update')
    for (let index = 0; index < 4; index++) {
      harness.submit(numberedBatch({ from: index * 100, count: 100 }))
    }
    await until('both lanes to have copied', async () => {
      const [waiting] = await ask(
        database.url,
        `select count(*)::int as copied from pg_stat_activity
         where datname = current_database() and application_name = 'netflow-writer'
           and backend_xid is not null`,
      )
      return waiting?.['copied'] === 2
    })
    assert.deepEqual(await countRows(database.url), { rows: 0, different: 0 })
    await blocker.query('rollback')
    await blocker.end()
    await harness.committed()
    assert.deepEqual(await countRows(database.url), { rows: 400, different: 400 })
  })

  it('is not blocked for ever by a lock that waits for a copied batch', async () => {
    await harness.loader.start()
    const blocker = new pg.Client({ connectionString: database.url })
    const builder = new pg.Client({ connectionString: database.url })
    await Promise.all([blocker.connect(), builder.connect()])
    await blocker.query('begin')
    await blocker.query('select * from journal_positions for update')
    harness.submit(numberedBatch({ from: 0, count: 100 }))
    harness.submit(numberedBatch({ from: 100, count: 100 }))
    const waits = (count: number) =>
      until(`${count} copied batches`, async () => {
        const [found] = await ask(
          database.url,
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
      database.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'netflow-writer'
         and wait_event_type = 'Lock' and query like '%update journal_positions%'`,
    )
    await blocker.query('rollback')
    await harness.committed()
    await building
    await Promise.all([blocker.end(), builder.end()])
    assert.deepEqual(await countRows(database.url), { rows: 200, different: 200 })
  })

  it('writes the state of a batch with it, counters added up', async () => {
    await harness.loader.start()
    for (const [index, lost] of [8, 0].entries()) {
      const batch = numberedBatch({ from: index, count: 1 })
      batch.changes.streams.push({ ...STREAM, lost })
      batch.changes.gaps.push({
        detectedAtMicros: RECEIVED_AT_MICROS,
        exporter: '192.0.2.1',
        exportVersion: 9,
        observationDomain: 7,
        expected: 4_294_967_290,
        received: 2,
        lost: 8,
        unit: 'datagrams',
      })
      batch.changes.collectorReports.set('one', {
        collector: 'one',
        startedAtMicros: RECEIVED_AT_MICROS,
        reportedAtMicros: RECEIVED_AT_MICROS + index,
        received: 100 + index,
        forwarded: 90,
        queueDropped: 10,
        kernelDropped: null,
        final: index === 1,
        firstSent: 90 + index,
        first: LINES,
        last: LINES,
      })
      harness.submit(batch)
    }
    await harness.committed()
    const { url } = database
    const [stream] = await ask(
      url,
      `select exporter, observation_domain, datagrams, flow_records, options_records, held_sets,
         released_sets, expired_sets, malformed_sets, implausible_times, sequence_unit,
         next_sequence, lost, late, duplicates, restarts, clock_skew_ms,
         last_template_at = last_seen - interval '1 second' as template_time_is_right,
         first_seen = last_seen - interval '2 seconds' as first_time_is_right
       from exporter_streams`,
    )
    assert.deepEqual(stream, {
      exporter: '192.0.2.1',
      observation_domain: '7',
      datagrams: '20',
      flow_records: '200',
      options_records: '4',
      held_sets: '6',
      released_sets: '4',
      expired_sets: '2',
      malformed_sets: '8',
      implausible_times: '10',
      sequence_unit: 'datagrams',
      next_sequence: '4294967295',
      lost: '8',
      late: '12',
      duplicates: '14',
      restarts: '2',
      clock_skew_ms: '-250',
      template_time_is_right: true,
      first_time_is_right: true,
    })
    assert.equal((await ask(url, 'select * from sequence_gaps')).length, 2)
    const reports = await ask(url, 'select received, kernel_dropped, final from collector_reports')
    assert.deepEqual(reports, [{ received: '101', kernel_dropped: null, final: true }])
  })

  it('keeps an unknown loss NULL until it is known', async () => {
    await harness.loader.start()
    const lost = async (value: number | null, from: number) => {
      const batch = numberedBatch({ from, count: 1 })
      batch.changes.streams.push({ ...STREAM, lost: value })
      harness.submit(batch)
      await harness.committed()
      return (await ask(database.url, 'select lost::int from exporter_streams'))[0]?.['lost']
    }
    assert.equal(await lost(null, 0), null)
    assert.equal(await lost(3, 1), 3)
    assert.equal(await lost(null, 2), 3)
  })

  it('commits a batch that holds no bytes of the journal', async () => {
    await harness.loader.start()
    for (let index = 0; index < 3; index++) {
      const batch = new CopyBatch()
      batch.changes.exporters.push({
        address: '192.0.2.9',
        firstSeenMicros: RECEIVED_AT_MICROS,
        lastSeenMicros: RECEIVED_AT_MICROS,
        enabled: true,
      })
      harness.submit(batch)
    }
    await harness.committed()
    assert.equal((await harness.loader.readExporters()).length, 1)
  })

  it('parks the rows that the database refuses, and stores the rest', async () => {
    await harness.loader.start()
    await ask(database.url, 'alter table flows add constraint odd_port check (dst_port <> 666)')
    const batch = new CopyBatch()
    for (let number = 0; number < 1_000; number++) {
      const record = typicalRecord(number)
      if (number % 333 === 0) record.set(FIELD.dstPort, 666)
      if (number === 500) record.setExtra('{"broken":')
      batch.append(record, messageOf())
    }
    batch.journalTo = 1_000
    harness.submit(batch)
    harness.submit(numberedBatch({ from: 1_000, count: 100 }))
    await harness.committed()
    await ask(database.url, 'alter table flows drop constraint odd_port')
    assert.equal(batch.parked, 5)
    assert.deepEqual(await countRows(database.url), { rows: 1_095, different: 1_095 })
    const parked = await ask(
      database.url,
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
    await harness.waitForLine(/refused rows; they are kept in rejected_records/)
  })

  it('creates the partitions that rows need, whatever their time', async () => {
    await harness.loader.start()
    const times = [0, RECEIVED_AT_MICROS, 4_102_444_800_000_000]
    for (const [from, receivedAtMicros] of times.entries()) {
      harness.submit(numberedBatch({ from, count: 1, receivedAtMicros }))
    }
    await harness.committed()
    const partitions = await ask(
      database.url,
      'select tableoid::regclass::text as name from flows order by received_at',
    )
    assert.deepEqual(
      partitions.map(({ name }) => name),
      ['flows_19700101', 'flows_20261121', 'flows_21000101'],
    )
  })

  it('creates a partition again after somebody dropped it', async () => {
    await harness.loader.start()
    harness.submit(numberedBatch({ from: 0, count: 1 }))
    await harness.committed()
    await ask(database.url, 'drop table flows_20261121')
    harness.submit(numberedBatch({ from: 1, count: 1 }))
    await harness.committed()
    assert.deepEqual(await countRows(database.url), { rows: 1, different: 1 })
  })

  it('puts no row into a partition that somebody detached', async () => {
    const receivedAtMicros = Date.parse('2025-11-21T06:00Z') * 1_000
    await harness.loader.start()
    harness.submit(numberedBatch({ from: 0, count: 1, receivedAtMicros }))
    await harness.committed()
    await ask(database.url, 'alter table flows detach partition flows_20251121')
    harness.submit(numberedBatch({ from: 1, count: 1, receivedAtMicros }))
    await harness.committed()
    const [kept] = await ask(database.url, 'select count(*)::int as rows from flows_20251121')
    assert.deepEqual(kept, { rows: 1 })
    const [found] = await ask(
      database.url,
      'select bytes::int as number, tableoid::regclass::text as partition from flows',
    )
    assert.deepEqual(found, { number: 1, partition: 'flows_20251121_2' })
    await ask(database.url, 'drop table flows_20251121')
    // No outage is logged: the lane copies through `flows` at once.
    assert.ok(harness.lines.every(({ level }) => level < 40))
  })

  it('loads a batch whose rows belong to two days', async () => {
    await harness.loader.start()
    const batch = numberedBatch({ from: 0, count: 10 })
    const receivedAtMicros = RECEIVED_AT_MICROS + 86_400e6
    for (let number = 10; number < 20; number++) {
      batch.append(typicalRecord(number), messageOf({ receivedAtMicros }))
    }
    batch.journalTo = 20
    harness.submit(batch)
    await harness.committed()
    assert.deepEqual(await countRows(database.url), { rows: 20, different: 20 })
  })

  it('has partitions for now and tomorrow when it has started', async () => {
    await harness.loader.start()
    const days = await ask(
      database.url,
      `select to_regclass('flows_' || to_char(now() at time zone 'UTC' + day, 'YYYYMMDD')) as name
       from unnest('{0 days, 1 day}'::interval[]) as day`,
    )
    assert.ok(days.every(({ name }) => name !== null))
  })
})
