/** Interim: replaced by the loading part. A batch of rows as one binary COPY stream. */

import type { FlowRecord, MessageContext } from '../netflow/flow-record.ts'
import { type BatchChanges, emptyBatchChanges } from './batch-changes.ts'
import { encodeRow, maxRowBytes } from './copy-row.ts'

const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')

export class CopyBatch {
  rows = 0
  bytes = HEADER.length
  changes: BatchChanges = emptyBatchChanges()
  journalFrom = 0
  journalTo = 0
  readonly days = new Set<number>()
  #bytes = Buffer.alloc(1 << 20)
  #view = new DataView(this.#bytes.buffer)

  constructor() {
    HEADER.copy(this.#bytes)
  }

  append(record: FlowRecord, message: MessageContext): void {
    if (this.bytes + maxRowBytes(record) + 2 > this.#bytes.length) {
      const larger = Buffer.alloc(this.#bytes.length * 2)
      this.#bytes.copy(larger, 0, 0, this.bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.bytes = encodeRow({ bytes: this.#bytes, view: this.#view }, this.bytes, record, message)
    this.rows += 1
    this.days.add(Math.floor(message.receivedAtMicros / 86_400e6))
  }

  get copyStream(): Buffer {
    this.#view.setInt16(this.bytes, -1)
    return this.#bytes.subarray(0, this.bytes + 2)
  }

  reset(): void {
    this.rows = 0
    this.bytes = HEADER.length
    this.days.clear()
    this.changes = emptyBatchChanges()
  }
}
