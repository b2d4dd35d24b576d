/** The counters of a stream can be written however large they become. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Stream } from '../../../../writer/streams/stream.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ask, LoaderHarness } from '../loader-harness.ts'
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
