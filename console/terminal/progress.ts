/** Shows the progress of long work in one line of the error output, on terminals only. */

import type { Writable } from 'node:stream'
import { displayWidth } from '../../shared/text-table.ts'
import { cutText } from './output/table.ts'

const FIRST_MS = 1000
const NEXT_MS = 250

export class Progress {
  readonly #stderr: Writable
  readonly #widthOf: () => number | undefined
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0
  #rows = 0
  #isShown = false

  /** @param widthOf returns the present width of the terminal; undefined: it is none */
  constructor(stderr: Writable, widthOf: () => number | undefined) {
    this.#stderr = stderr
    this.#widthOf = widthOf
  }

  start(): void {
    if (this.#widthOf() === undefined) return
    this.#startedAt = performance.now()
    this.#timer = setInterval(() => this.#show(), NEXT_MS).unref()
  }

  /** Sets the number of rows that have come. */
  count(rows: number): void {
    this.#rows = rows
  }

  /** Shows a text instead of the time; an empty text removes the line. */
  note(text: string): void {
    this.stop()
    if (text !== '') this.#write(text, 'Ctrl-C ends')
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
    this.#write(`asking … ${Math.floor(ms / 1000)} s${rows}`, 'Ctrl-C cancels')
  }

  /** Cuts the line to the width: a line that the terminal wraps could not be removed. */
  #write(text: string, help: string): void {
    const width = this.#widthOf()
    if (width === undefined) return
    const withHelp = `${text} (${help})`
    const line = displayWidth(withHelp) < width ? withHelp : cutText(text, width - 1)
    this.#stderr.write(`\r\u001b[K${line}`)
    this.#isShown = true
  }
}
