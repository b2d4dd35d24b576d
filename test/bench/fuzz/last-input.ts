/**
 * The datagram that a worker is decoding, in shared memory: its parent can read it while the worker
 * hangs.
 */

const NUMBER = 0
const LENGTH = 1
const EXPORTER = 2
const HEADER_WORDS = 4
const MAX_DATAGRAM_BYTES = 65_507

/** A datagram, its number, and its exporter. */
export interface Input {
  /** From 1; 0 before the first one. */
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

  /** @param memory that of another `LastInput`; default: new memory */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(HEADER_WORDS * 4 + MAX_DATAGRAM_BYTES)
    this.#header = new Int32Array(this.memory, 0, HEADER_WORDS)
    this.#bytes = new Uint8Array(this.memory, HEADER_WORDS * 4)
  }

  /** Stores the input before it is decoded. */
  write({ number, exporter, datagram }: Input): void {
    this.#bytes.set(datagram)
    this.#header[LENGTH] = datagram.length
    this.#header[EXPORTER] = exporter
    Atomics.store(this.#header, NUMBER, number)
  }

  /** The number of the current input; it grows as long as the worker makes progress. */
  get number(): number {
    return Atomics.load(this.#header, NUMBER)
  }

  /** Returns a copy; call it only while the worker does not write. */
  read(): Input {
    const length = this.#header[LENGTH] ?? 0
    return {
      number: this.number,
      exporter: this.#header[EXPORTER] ?? 0,
      datagram: Buffer.from(this.#bytes.slice(0, length)),
    }
  }
}
