/** When a batch is full, when it is used again, and when there is room for more. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Batcher, type PendingState } from '../../../writer/ingest/batcher.ts'
import type { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { createWriterMetrics } from '../../../writer/metrics/metrics.ts'
import { messageOf, typicalRecord } from '../load/sample-rows.ts'

const NOTHING_PENDING: PendingState = { heldBytes: 0, changedStreams: 0 }

/** A batch that was submitted, and how to end it. */
interface Submitted {
  readonly batch: CopyBatch
  readonly commit: () => void
  readonly refuse: (error: Error) => void
}

class BatcherHarness {
  readonly submitted: Submitted[] = []
  readonly metrics = createWriterMetrics()
  readonly batcher: Batcher

  constructor() {
    const submit = (batch: CopyBatch) =>
      new Promise<void>((commit, refuse) => {
        this.submitted.push({ batch, commit, refuse })
      })
    this.batcher = new Batcher({
      loader: { submit },
      metrics: this.metrics,
      maxRows: 10,
      maxInFlight: 2,
      position: 7,
    })
  }

  append(rows: number): void {
    this.batcher.open(0)
    for (let row = 0; row < rows; row++) {
      this.batcher.current.append(typicalRecord(row), messageOf())
    }
  }

  submit(rows: number, journalTo: number): void {
    this.append(rows)
    this.batcher.current.journalTo = journalTo
    this.batcher.submit()
  }
}

/** Whether a promise is settled by now, after some turns of the event loop. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('a batch', () => {
  it('is full when it has its rows', () => {
    const { batcher, ...harness } = new BatcherHarness()
    assert.equal(harness.submitted.length, 0)
    for (let row = 0; row < 9; row++) batcher.current.append(typicalRecord(row), messageOf())
    assert.equal(batcher.isFull(NOTHING_PENDING), false)
    batcher.current.append(typicalRecord(9), messageOf())
    assert.equal(batcher.isFull(NOTHING_PENDING), true)
  })

  it('is full when exporters have said more than a statement should carry', () => {
    const { batcher } = new BatcherHarness()
    batcher.noteChanges(19_999, 100)
    assert.equal(batcher.isFull(NOTHING_PENDING), false)
    batcher.noteChanges(1, 100)
    assert.equal(batcher.isFull(NOTHING_PENDING), true)
    batcher.submit()
    assert.equal(batcher.isFull(NOTHING_PENDING), false, 'the next one begins anew')
    batcher.noteChanges(1, 3_000_000)
    assert.equal(batcher.isFull(NOTHING_PENDING), true)
    batcher.submit()
    assert.equal(batcher.isFull(NOTHING_PENDING), false, 'bytes of changes begin anew, too')
  })

  it('is full when closing it will add more than a statement should carry', () => {
    const { batcher } = new BatcherHarness()
    const isFull = (pending: Partial<PendingState>) =>
      batcher.isFull({ ...NOTHING_PENDING, ...pending })
    assert.equal(isFull({ heldBytes: 16 * 1024 * 1024 - 1 }), false)
    assert.equal(isFull({ heldBytes: 16 * 1024 * 1024 }), true)
    assert.equal(isFull({ changedStreams: 9_999 }), false)
    assert.equal(isFull({ changedStreams: 10_000 }), true)
  })

  it('is followed by another one while it is on its way', () => {
    const { batcher, ...harness } = new BatcherHarness()
    const first = batcher.current
    batcher.open(1_000)
    assert.equal(batcher.oldestReceivedMs, 1_000)
    assert.equal(batcher.isOpen, true)
    batcher.submit()
    assert.equal(harness.submitted[0]?.batch, first)
    assert.notEqual(batcher.current, first)
    assert.deepEqual([batcher.isOpen, batcher.inFlight], [false, 1])
  })

  it('is counted and used again when it has been committed, and reading goes on', async () => {
    const harness = new BatcherHarness()
    const { batcher, submitted, metrics } = harness
    harness.submit(10, 100)
    harness.submit(5, 200)
    const room = batcher.room()
    assert.equal(await isSettled(room), false, 'two are on their way')
    assert.equal(batcher.committed, 7)
    const [first] = submitted
    assert.ok(first)
    first.batch.parked = 3
    first.commit()
    await room
    assert.deepEqual([batcher.inFlight, batcher.committed], [1, 100])
    assert.equal(first.batch.rows, 0)
    assert.equal(metrics.rowsCommitted.value, 7)
    harness.submit(1, 300)
    assert.equal(batcher.current, first.batch)
  })

  it('makes the batcher fail when it can never be loaded', async () => {
    const harness = new BatcherHarness()
    harness.submit(1, 100)
    harness.submitted[0]?.refuse(new Error('the table is gone'))
    await assert.rejects(harness.batcher.failure, /the table is gone/)
    assert.equal(harness.batcher.committed, 7)
  })
})
