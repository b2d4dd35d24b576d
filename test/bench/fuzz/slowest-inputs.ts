/** Remembers the inputs that took most CPU per byte. */

import type { Input } from './last-input.ts'

/** Most of the time of a shorter datagram does not depend on its bytes. */
const MIN_BYTES = 500
const KEPT = 5

interface TimedInput extends Input {
  readonly kind: string
  readonly nanosPerByte: number
}

export class SlowestInputs {
  readonly #slowest: TimedInput[] = []
  #bytes = 0
  #nanos = 0

  /** Adds an input and its CPU usage. */
  note(input: Input & { readonly kind: string }, { user, system }: NodeJS.CpuUsage): void {
    const { length } = input.datagram
    const nanos = (user + system) * 1000
    this.#bytes += length
    this.#nanos += nanos
    if (length < MIN_BYTES) return
    const nanosPerByte = nanos / length
    const last = this.#slowest.at(-1)
    if (this.#slowest.length >= KEPT && last && last.nanosPerByte >= nanosPerByte) return
    this.#slowest.push({ ...input, nanosPerByte })
    this.#slowest.sort((a, b) => b.nanosPerByte - a.nanosPerByte)
    this.#slowest.length = Math.min(this.#slowest.length, KEPT)
  }

  /** Returns a line about all inputs, and one about each of the slowest. */
  describe(): readonly string[] {
    const mean = this.#nanos / Math.max(1, this.#bytes)
    return [
      `${mean.toFixed(1)} ns a byte on average; slowest, including garbage collection:`,
      ...this.#slowest.map(({ number, kind, datagram, nanosPerByte }) => {
        const size = `${datagram.length} bytes`
        return `  ${nanosPerByte.toFixed(0)} ns a byte: datagram ${number}, ${size}, ${kind}`
      }),
    ]
  }
}
