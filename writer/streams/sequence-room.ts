/**
 * Bounds the memory of the sequence accounting of all streams together: trackers, holes, outsiders
 * and the history of messages. When it is full, streams of the exporter with the most are trimmed.
 */

import { FairRoom } from '../netflow/memory/fair-room.ts'
import type { Stream } from './stream.ts'

/** What streams have beyond a simple tracker each: 20,000 trackers, or 250,000 holes or messages. */
const MAX_EXCESS_BYTES = 64 * 1024 * 1024

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
    this.#room.put(exporter, stream, stream.sequence.excessBytes)
    if (this.#room.bytes <= this.#limitBytes) return NONE
    const trimmed: Stream[] = []
    while (this.#room.bytes > this.#limitBytes) {
      const largest = this.#room.next(exporter)
      if (largest === undefined) break
      largest.sequence.trim()
      this.forget(largest)
      trimmed.push(largest)
    }
    return trimmed
  }

  /** Forgets a stream. */
  forget(stream: Stream): void {
    this.#room.remove(stream.key.exporter, stream)
  }
}
