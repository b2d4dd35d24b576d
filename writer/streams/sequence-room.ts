/**
 * Bounds the memory of the sequence accounting of all streams together: trackers, holes, outsiders
 * and the history of messages. When it is full, streams of the exporter with the most are trimmed.
 */

import { FairRoom } from '../netflow/memory/fair-room.ts'
import type { Stream } from './stream.ts'

/**
 * All that streams have beyond a simple tracker each: 4,200 trackers, or 65,000 holes or messages.
 * Each batch writes the part that has changed, so this bounds the rows of an attack, too.
 */
const MAX_EXCESS_BYTES = 16 * 1024 * 1024
/** The same of one exporter: 1,000 domains with two exporters each behind one address. */
const MAX_EXCESS_BYTES_PER_EXPORTER = 4 * 1024 * 1024

const NONE: readonly Stream[] = []

export class SequenceRoom {
  readonly #room = new FairRoom<Stream>()
  readonly #limitBytes: number

  constructor(limitBytes: number = MAX_EXCESS_BYTES) {
    this.#limitBytes = limitBytes
  }

  /** Bytes beyond a simple tracker for each stream, estimated. */
  get bytes(): number {
    return this.#room.bytes
  }

  /**
   * Measures the sequence of a stream that has changed.
   *
   * @returns the streams that were trimmed to make room
   */
  measure(stream: Stream): readonly Stream[] {
    const { exporter } = stream.key
    const room = this.#room
    room.put(exporter, stream, stream.sequence.excessBytes)
    let trimmed = NONE
    while (room.bytesOf(exporter) > MAX_EXCESS_BYTES_PER_EXPORTER) {
      trimmed = this.#trim(room.oldestOf(exporter), trimmed)
    }
    while (room.bytes > this.#limitBytes) trimmed = this.#trim(room.next(exporter), trimmed)
    return trimmed
  }

  #trim(stream: Stream | undefined, trimmed: readonly Stream[]): readonly Stream[] {
    if (stream === undefined) return trimmed
    stream.sequence.trim()
    this.forget(stream)
    return [...trimmed, stream]
  }

  /** Forgets a stream. */
  forget(stream: Stream): void {
    this.#room.remove(stream.key.exporter, stream)
  }
}
