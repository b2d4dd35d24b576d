/** Rows of flows, encoded for one binary COPY, and everything else that their lines changed. */

import { addressText } from '../../netflow/address-text.ts'
import { FIELD_COUNT, type FlowRecord, type MessageContext } from '../../netflow/flow-record.ts'
import { type BatchChanges, emptyBatchChanges } from '../tables/batch-changes.ts'
import { encodeRow, maxRowBytes, type RowBuffer } from './copy-row.ts'
import { widenTuple } from './copy-tuple.ts'
import { columnsOf } from './flow-columns.ts'

/**
 *     copy data = signature flags:i32=0 extension:i32=0 tuple… -1:i16
 *     signature = 'PGCOPY\n' 0xff '\r\n' 0x00                 (PostgreSQL: "COPY", Binary Format)
 */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')
const TRAILER = Buffer.from('ffff', 'hex')

const FIRST_BYTES = 1024 * 1024
const FIRST_ROWS = 4_096
/** COPY is equally fast with 64 KiB to 1 MiB at a time. */
const SLICE_BYTES = 256 * 1024

const MINUTE_MICROS = 60_000_000
const MINUTES_PER_HOUR = 60

const NOBODY = new Uint8Array(0)

export class CopyBatch {
  changes: BatchChanges = emptyBatchChanges()
  /** The position in the journal up to which the batch holds everything. */
  journalTo = 0
  /** When its first content came, and when it was submitted, by `performance.now()`. */
  openedAtMs = 0
  submittedAtMs = 0
  /** How many rows the database refused; set when the batch is committed. */
  parked = 0
  /** Hours (since 1970) in which its rows were received: their partitions must exist. */
  readonly hours = new Set<number>()
  /** Minutes (since 1970) in which its rows were received: their rollups must be computed again. */
  readonly minutes = new Set<number>()
  #target: RowBuffer = allocate(FIRST_BYTES, 0)
  #offsets = new Uint32Array(FIRST_ROWS)
  #length = 0
  #rows = 0
  #lastMinute = -1
  /** Rows by the bytes of the exporter's address, without those of the current exporter. */
  readonly #exporterRows = new Map<Uint8Array, number>()
  #exporterBytes: Uint8Array = NOBODY
  #firstOfExporter = 0

  get rows(): number {
    return this.#rows
  }

  /** Bytes of the encoded rows. */
  get bytes(): number {
    return this.#length
  }

  /** The fields that its rows have columns for, bit per `FIELD`; records add more. */
  get fields(): number {
    return this.#target.fields
  }

  /** Encodes one record as a row. It keeps no argument but the bytes of the exporter's address. */
  append(record: FlowRecord, message: MessageContext): void {
    if ((record.present & ~this.#target.fields) !== 0) this.addFields(record.present)
    const needed = this.#length + maxRowBytes(record)
    if (needed > this.#target.bytes.length) this.#grow(needed)
    if (this.#rows === this.#offsets.length) this.#growOffsets()
    if (message.exporterBytes !== this.#exporterBytes) this.#changeExporter(message.exporterBytes)
    this.#offsets[this.#rows] = this.#length
    this.#length = encodeRow(this.#target, this.#length, record, message)
    this.#rows += 1
    const minute = Math.floor(message.receivedAtMicros / MINUTE_MICROS)
    if (minute !== this.#lastMinute) {
      this.#lastMinute = minute
      this.minutes.add(minute)
      this.hours.add(Math.floor(minute / MINUTES_PER_HOUR))
    }
  }

  /**
   * Adds columns for fields. Called with the fields of the batch before, so that a new field seldom
   * makes all rows be written again.
   */
  addFields(fields: number): void {
    const before = this.#target
    const all = before.fields | fields
    if (all === before.fields) return
    const room = before.bytes.length + this.#rows * 4 * FIELD_COUNT
    const wider = allocate(this.#rows === 0 ? before.bytes : room, all)
    let at = 0
    for (let row = 0; row < this.#rows; row++) {
      const tuple = this.tuple(row)
      this.#offsets[row] = at
      at = widenTuple(wider, at, tuple, before.fields)
    }
    this.#target = wider
    this.#length = at
  }

  /** Returns rows `first` up to `end` as a complete COPY, in slices of the batch's own buffer. */
  *copyData(first = 0, end = this.#rows): Iterable<Buffer> {
    yield HEADER
    const stop = this.#offsetOf(end)
    for (let at = this.#offsetOf(first); at < stop; at += SLICE_BYTES) {
      yield this.#target.bytes.subarray(at, Math.min(at + SLICE_BYTES, stop))
    }
    yield TRAILER
  }

  /** Returns the tuple of one row, in the batch's own buffer. */
  tuple(row: number): Buffer {
    return this.#target.bytes.subarray(this.#offsetOf(row), this.#offsetOf(row + 1))
  }

  /** Counts the rows by exporter; its address is written as in `describeTuple`. */
  countRows(): Map<string, number> {
    this.#changeExporter(NOBODY)
    const counts = new Map<string, number>()
    for (const [bytes, rows] of this.#exporterRows) {
      const exporter = addressText(bytes)
      counts.set(exporter, (counts.get(exporter) ?? 0) + rows)
    }
    return counts
  }

  /** Empties the batch, whose buffer is used again: its COPY must have finished. */
  reset(): void {
    this.changes = emptyBatchChanges()
    this.journalTo = 0
    this.openedAtMs = 0
    this.submittedAtMs = 0
    this.parked = 0
    this.hours.clear()
    this.minutes.clear()
    this.#exporterRows.clear()
    this.#exporterBytes = NOBODY
    this.#firstOfExporter = 0
    this.#lastMinute = -1
    this.#length = 0
    this.#rows = 0
  }

  #changeExporter(bytes: Uint8Array): void {
    const rows = this.#rows - this.#firstOfExporter
    const before = this.#exporterBytes
    if (rows > 0) this.#exporterRows.set(before, (this.#exporterRows.get(before) ?? 0) + rows)
    this.#exporterBytes = bytes
    this.#firstOfExporter = this.#rows
  }

  #offsetOf(row: number): number {
    return row < this.#rows ? (this.#offsets[row] as number) : this.#length
  }

  #grow(needed: number): void {
    const { bytes, fields } = this.#target
    const larger = allocate(Math.max(needed, bytes.length * 2), fields)
    bytes.copy(larger.bytes, 0, 0, this.#length)
    this.#target = larger
  }

  #growOffsets(): void {
    const larger = new Uint32Array(this.#offsets.length * 2)
    larger.set(this.#offsets)
    this.#offsets = larger
  }
}

/** @param room a size in bytes, or a buffer to use again */
function allocate(room: number | Buffer, fields: number): RowBuffer {
  const bytes = typeof room === 'number' ? Buffer.allocUnsafeSlow(room) : room
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return { bytes, view, fields, columns: columnsOf(fields).length }
}
