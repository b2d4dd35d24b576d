/** Records the lines of one exporter only, or anonymous lines, or both. */

import { MAX_DATAGRAM_BYTES } from '../../shared/pipe-line.ts'
import { LineReader } from '../../writer/ingest/line-reader.ts'
import { LineSplitter } from '../../writer/ingest/line-splitter.ts'
import { encodeLine } from '../capture/encode-line.ts'
import type { Anonymizer } from './anonymizer.ts'
import { createRecordedCounts, type RecordedLines } from './recorded-lines.ts'

interface SelectionOptions {
  /** Only this exporter, by its address. */
  readonly exporter: string | undefined
  readonly anonymizer: Anonymizer | undefined
}

const NEWLINE = Buffer.from('\n')

export class LineSelection implements RecordedLines {
  readonly counts = createRecordedCounts()
  readonly #options: SelectionOptions
  readonly #payload = Buffer.alloc(MAX_DATAGRAM_BYTES)
  readonly #reader = new LineReader(this.#payload)
  readonly #splitter = new LineSplitter(0)
  #output: Buffer[] = []
  #pushed = 0
  /** The first line may be the rest of a line. */
  #isFirst = true

  constructor(options: SelectionOptions) {
    this.#options = options
  }

  get restBytes(): number {
    return this.#pushed - this.#splitter.position
  }

  skip(missedBytes: number): void {
    this.counts.missedBytes += missedBytes + this.restBytes
    this.#splitter.skip(missedBytes)
    this.#pushed += missedBytes
  }

  push(bytes: Buffer): Buffer {
    this.#output = []
    const splitter = this.#splitter
    splitter.push(bytes)
    for (let kind = splitter.next(); kind !== undefined; kind = splitter.next()) {
      if (kind === 'line') this.#take(splitter.bytes, splitter.start, splitter.end)
      else this.counts.malformed += 1
    }
    this.#pushed += bytes.length
    return Buffer.concat(this.#output)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const { exporter, anonymizer } = this.#options
    const reader = this.#reader
    const kind = reader.read(bytes, start, end)
    if (kind === 'malformed' && !this.#isFirst) this.counts.malformed += 1
    this.#isFirst = false
    // A report counts the datagrams of all exporters.
    if (kind !== 'datagram') return
    if (exporter !== undefined && reader.address !== exporter) {
      this.counts.others += 1
      return
    }
    if (anonymizer) {
      this.#takeAnonymous(anonymizer)
      return
    }
    this.counts.datagrams += 1
    // The splitter reuses its bytes.
    this.#output.push(Buffer.from(bytes.subarray(start, end)), NEWLINE)
  }

  #takeAnonymous(anonymizer: Anonymizer): void {
    const { length, receivedAtMicros, address, port } = this.#reader
    const payload = this.#payload.subarray(0, length)
    const anonymized = anonymizer.anonymize({ payload, receivedAtMicros, address, port })
    if (anonymized.result === 'whole') {
      this.counts.datagrams += 1
      this.#output.push(encodeLine(anonymized.datagram))
    } else if (anonymized.result === 'no-template') this.counts.withoutTemplate += 1
    else this.counts.unreadable += 1
  }
}
