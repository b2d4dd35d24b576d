/** When a batch is closed: by rows, by age, and by what it has to write beside its rows. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Batcher } from '../../../writer/ingest/batcher.ts'
import type { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { until } from '../../helpers/until.ts'
import { messageOf, typicalRecord } from '../load/sample-rows.ts'

class BatcherHarness {
  readonly submitted: CopyBatch[] = []
  heldBytes = 0
  changedStreams = 0
  room = 0
  readonly batcher: Batcher

  constructor(flushIntervalMs = 60_000) {
    this.batcher = new Batcher({
      maxRows: 10,
      flushIntervalMs,
      maxInFlight: 2,
      heldBytes: () => this.heldBytes,
      changedStreams: () => this.changedStreams,
      onClose: (batch) => {
        batch.journalTo = this.submitted.length + 1
      },
      submit: (batch) => this.submitted.push(batch),
      onRoom: () => {
        this.room += 1
      },
    })
  }

  endLine(): void {
    this.batcher.touch()
    this.batcher.closeFull()
  }

  append(rows: number): void {
    for (let row = 0; row < rows; row++) {
      this.batcher.current.append(typicalRecord(row), messageOf())
      this.endLine()
    }
  }
}

describe('a batch', () => {
  it('is closed when it has its rows, and completed just before', () => {
    const harness = new BatcherHarness()
    harness.append(25)
    assert.deepEqual(
      harness.submitted.map(({ rows, journalTo }) => [rows, journalTo]),
      [
        [10, 1],
        [10, 2],
      ],
    )
    harness.batcher.flush()
    assert.equal(harness.submitted[2]?.rows, 5)
    harness.batcher.flush()
    assert.equal(harness.submitted.length, 3)
  })

  it('is closed when it is old enough, though nothing more comes', async () => {
    const harness = new BatcherHarness(10)
    harness.append(1)
    await until('the batch', () => harness.submitted.length === 1)
    assert.equal(harness.submitted[0]?.rows, 1)
  })

  it('is closed when exporters have said more than a statement should carry', () => {
    const harness = new BatcherHarness()
    const { batcher, submitted } = harness
    batcher.noteChanges(19_999, 100)
    harness.endLine()
    assert.equal(submitted.length, 0)
    batcher.noteChanges(1, 100)
    harness.endLine()
    assert.equal(submitted.length, 1)
    batcher.noteChanges(1, 3_000_000)
    harness.endLine()
    assert.equal(submitted.length, 2)
    harness.endLine()
    harness.heldBytes = 16 * 1024 * 1024
    harness.endLine()
    assert.equal(submitted.length, 3)
    harness.heldBytes = 0
    harness.changedStreams = 5_000
    harness.endLine()
    assert.equal(submitted.length, 4)
  })

  it('is used again when it has been committed, and reading goes on', () => {
    const harness = new BatcherHarness()
    harness.append(20)
    const { batcher, submitted } = harness
    assert.equal(batcher.hasRoom, false)
    const [first] = submitted
    assert.ok(first)
    batcher.release(first)
    assert.deepEqual([batcher.hasRoom, batcher.inFlight, harness.room], [true, 1, 1])
    assert.equal(first.rows, 0)
    harness.append(10)
    assert.equal(batcher.current, first)
    batcher.flush()
  })
})
