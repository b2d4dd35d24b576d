/** Prints datagrams decoded instead of sending them. */

import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import { MessageDecoder } from './decoded-message.ts'
import { decodedJson, decodedLines } from './decoded-text.ts'
import type { ReplayTarget } from './replay-target.ts'

interface DecodeTargetOptions {
  readonly format: 'table' | 'jsonl'
  readonly print: (text: string) => Promise<void>
  /** Makes a line harmless for a terminal; JSON keeps its meaning. */
  readonly harmless: (line: string) => string
}

export class DecodeTarget implements ReplayTarget {
  readonly #options: DecodeTargetOptions
  readonly #decoder = new MessageDecoder()

  constructor(options: DecodeTargetOptions) {
    this.#options = options
  }

  /** Sets that were not decoded, as their templates are not in the files. */
  get undecodedSets(): number {
    return this.#decoder.undecodedSets
  }

  async open(): Promise<void> {}

  async send(datagrams: readonly CapturedDatagram[]): Promise<void> {
    const { format, print, harmless } = this.#options
    const lines = datagrams.flatMap((datagram) => {
      const message = this.#decoder.decode(datagram)
      return format === 'jsonl' ? [decodedJson(message)] : decodedLines(message)
    })
    await print(lines.map((line) => `${harmless(line)}\n`).join(''))
  }

  async close(): Promise<void> {}
}
