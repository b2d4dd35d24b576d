/** Shows the progress of long work on a terminal, beside the output. */

import type { Writable } from 'node:stream'

const FIRST_MS = 1000
const NEXT_MS = 250

export class Progress {
  readonly #stderr: Writable
  readonly #isTerminal: boolean
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0
  #rows = 0
  #isShown = false

  constructor(stderr: Writable, isTerminal: boolean) {
    this.#stderr = stderr
    this.#isTerminal = isTerminal
  }

  start(): void {
    if (!this.#isTerminal) return
    this.#startedAt = performance.now()
    this.#timer = setInterval(() => this.#show(), NEXT_MS).unref()
  }

  /** Notes how many rows have come. */
  count(rows: number): void {
    this.#rows = rows
  }

  /** Shows a text in place of the time; an empty one: nothing any more. */
  note(text: string): void {
    this.stop()
    if (!this.#isTerminal || text === '') return
    this.#stderr.write(`\r\u001b[K${text} (Ctrl-C ends)`)
    this.#isShown = true
  }

  /** Removes the line, because something else is written. */
  clear(): void {
    if (this.#isShown) this.#stderr.write('\r\u001b[K')
    this.#isShown = false
  }

  stop(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  #show(): void {
    const ms = performance.now() - this.#startedAt
    if (ms < FIRST_MS) return
    const rows = this.#rows > 0 ? `, ${this.#rows.toLocaleString('en-US')} rows` : ''
    this.#stderr.write(`\r\u001b[Kasking … ${Math.floor(ms / 1000)} s${rows} (Ctrl-C cancels)`)
    this.#isShown = true
  }
}
