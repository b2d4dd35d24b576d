/**
 * The datagram that a worker is busy with, in memory that its parent reads while the worker cannot
 * answer. One writes, the other reads; nobody waits.
 */

const NUMBER = 0
const LENGTH = 1
const EXPORTER = 2
const HEADER_WORDS = 4
const MAX_DATAGRAM_BYTES = 65_507

/** A datagram, which of all it is, and who sent it. */
export interface Input {
  /** 0: none yet. */
  readonly number: number
  readonly exporter: number
  readonly datagram: Buffer
}

/**
 *     memory = number32 length32 exporter32 unused32 datagram
 */
export class LastInput {
  readonly memory: SharedArrayBuffer
  readonly #header: Int32Array
  readonly #bytes: Uint8Array

  /** @param memory of another `LastInput`, or new memory when there is none */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(HEADER_WORDS * 4 + MAX_DATAGRAM_BYTES)
    this.#header = new Int32Array(this.memory, 0, HEADER_WORDS)
    this.#bytes = new Uint8Array(this.memory, HEADER_WORDS * 4)
  }

  /** Says what is decoded next. */
  write({ number, exporter, datagram }: Input): void {
    this.#bytes.set(datagram)
    this.#header[LENGTH] = datagram.length
    this.#header[EXPORTER] = exporter
    Atomics.store(this.#header, NUMBER, number)
  }

  /** The number of the input, which grows as long as there is progress. */
  get number(): number {
    return Atomics.load(this.#header, NUMBER)
  }

  /** Gives a copy; to be called when the writer stands still. */
  read(): Input {
    const length = this.#header[LENGTH] ?? 0
    return {
      number: this.number,
      exporter: this.#header[EXPORTER] ?? 0,
      datagram: Buffer.from(this.#bytes.slice(0, length)),
    }
  }
}
