/** Remembers which inputs took most of the processor for their bytes. It judges nothing. */

import type { Input } from './last-input.ts'

/** The rest of a short datagram's time is not for its bytes. */
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

  /** Notes how much of the processor `input` took. */
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

  /** Says what all of them took, and the slowest ones: a line each. */
  describe(): readonly string[] {
    const mean = this.#nanos / Math.max(1, this.#bytes)
    return [
      `${mean.toFixed(1)} ns a byte in the mean; slowest, collecting garbage included:`,
      ...this.#slowest.map(({ number, kind, datagram, nanosPerByte }) => {
        const size = `${datagram.length} bytes`
        return `  ${nanosPerByte.toFixed(0)} ns a byte: datagram ${number}, ${size}, ${kind}`
      }),
    ]
  }
}
