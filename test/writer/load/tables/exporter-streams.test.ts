/** What batches write of a stream: its counters, however large they become, and its state. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { migrateDatabase } from '../../../../writer/load/schema/migrate.ts'
import { readStreamRows } from '../../../../writer/load/tables/exporter-streams.ts'
import { Stream } from '../../../../writer/streams/stream.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ask, LoaderHarness, recordingLogger } from '../loader-harness.ts'
import { numberedBatch, RECEIVED_AT_MICROS } from '../sample-rows.ts'

const IDENTITY = { exporter: '192.0.2.1', exportVersion: 10, observationDomain: 0xffff_ffff }
const MAX_BIGINT = '9223372036854775807'

describe('the changes of a stream', () => {
  let database: TestDatabase
  let harness: LoaderHarness
  before(async () => {
    database = await createTestDatabase()
    harness = new LoaderHarness(database.url)
    await harness.loader.start()
  })
  after(async () => {
    await harness.loader.stop()
    await database.drop()
  })

  async function load(from: number, lost: number): Promise<void> {
    const batch = numberedBatch({ from, count: 1 })
    const stream = new Stream({ ...IDENTITY, exporterBytes: Uint8Array.of(192, 0, 2, 1) })
    stream.change.lastSeenMicros = RECEIVED_AT_MICROS
    stream.takeChanges(batch.changes)
    for (const change of batch.changes.streams) change.lost = lost
    harness.submit(batch)
    await harness.committed()
  }

  it('add to the losses up to the largest bigint, and no further', async () => {
    await load(0, 4)
    await ask(database.url, `update exporter_streams set lost = ${MAX_BIGINT} - 5`)
    for (const [from, lost] of [
      [1, 3],
      [2, 0xffff_ffff],
      [3, 1],
    ] as const) {
      await load(from, lost)
    }
    const rows = await ask(database.url, 'select lost from exporter_streams')
    assert.deepEqual(rows, [{ lost: MAX_BIGINT }])
    assert.deepEqual(harness.fatal, [])
  })
})

/** A state as versions before migration 0020 have written it. */
const OLD_STATE = {
  unit: 'datagrams',
  next: 43,
  holes: [[7, 9, 1_795_241_600_000, 3]],
  recent: [41, 1, 42, 2],
  ports: [[50_000, { unit: 'datagrams', next: 43 }]],
}
const JOURNAL = '6f1c1a5e-4a51-4b53-9c4c-0d2b8f7f3a11'
const STATE_MIGRATION = '0020_write-state-as-text'

describe('the state of a stream', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase({ migrate: false })
  })
  after(() => database.drop())

  async function readStates(): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      const rows = await readStreamRows(client, { journalId: JOURNAL, maxStreams: 10 })
      return rows.map(({ sequenceState }) => sequenceState)
    } finally {
      await client.end()
    }
  }

  it('is read after an upgrade, and after a way back', async () => {
    const logger = recordingLogger([])
    const names = await migrateDatabase(database.url, logger)
    const count = names.length - names.indexOf(STATE_MIGRATION)
    await migrateDatabase(database.url, logger, { direction: 'down', count })
    await ask(
      database.url,
      `insert into journal_positions (journal, position) values ('${JOURNAL}', 0);
       insert into exporters (address, first_seen, last_seen) values ('192.0.2.1', now(), now());
       insert into exporter_streams (exporter, export_version, observation_domain, first_seen,
         last_seen, sequence_unit) values ('192.0.2.1', 9, 7, now(), now(), 'datagrams');
       insert into stream_states values ('192.0.2.1', 9, 7, '${JOURNAL}',
         '${JSON.stringify(OLD_STATE)}')`,
    )
    await migrateDatabase(database.url, logger)
    assert.deepEqual(await readStates(), [OLD_STATE])
    await migrateDatabase(database.url, logger, { direction: 'down', count })
    const [row] = await ask(database.url, 'select sequence_state as state from stream_states')
    assert.deepEqual(row?.['state'], OLD_STATE)
    await migrateDatabase(database.url, logger)
  })

  it('counts as none when somebody has made it unreadable', async () => {
    await ask(database.url, `update stream_states set sequence_state = '{"unit":'`)
    assert.deepEqual(await readStates(), [null])
  })
})
