/**
 * Six exporters, two of each version, that send numbered flows without a break, except while they are
 * paused.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { FlowSender } from '../helpers/flow-sender.ts'

/** Flows in each datagram of every exporter, so that any lost datagram costs the same. */
export const FLOWS_PER_DATAGRAM = 5

const EXPORTERS = [
  { from: '127.0.0.11', exportVersion: 5 },
  { from: '127.0.0.12', exportVersion: 5 },
  { from: '127.0.0.13', exportVersion: 9 },
  { from: '127.0.0.14', exportVersion: 9 },
  { from: '127.0.0.15', exportVersion: 10 },
  { from: '127.0.0.16', exportVersion: 10 },
] as const
/** Overdue datagrams are sent at this multiple of the rate, or sending would fall behind. */
const CATCH_UP = 4
/** How often to look whether to pause. */
const SLICE_MS = 100

export interface NumberedExporter {
  readonly address: string
  readonly sender: FlowSender
}

export class NumberedTraffic {
  readonly exporters: readonly NumberedExporter[]
  #isPaused = false
  #isOver = false
  #active = 0
  #sending: Promise<unknown> = Promise.resolve()

  constructor(port: number) {
    this.exporters = EXPORTERS.map(({ from, exportVersion }) => ({
      address: from,
      sender: new FlowSender({ port, from, exportVersion, flowsPerDatagram: FLOWS_PER_DATAGRAM }),
    }))
  }

  get sentDatagrams(): number {
    return this.exporters.reduce((sum, { sender }) => sum + sender.sentDatagrams, 0)
  }

  /** Begins to send this many datagrams a second, all exporters together. */
  start(datagramsPerSecond: number): void {
    const rate = Math.ceil(datagramsPerSecond / this.exporters.length)
    this.#sending = Promise.all(this.exporters.map(({ sender }) => this.#keepSending(sender, rate)))
  }

  async #keepSending(sender: FlowSender, rate: number): Promise<void> {
    let sentUpTo = performance.now()
    while (!this.#isOver) {
      await sleep(this.#isPaused ? 5 : SLICE_MS)
      const now = performance.now()
      const due = Math.floor(((now - sentUpTo) / 1_000) * rate)
      sentUpTo = now
      if (this.#isPaused) continue
      this.#active += 1
      await sender.send(due, rate * CATCH_UP)
      this.#active -= 1
    }
  }

  /** Runs `action` while nobody sends; the kernel has taken all that was sent before. */
  async whilePaused<Result>(action: () => Promise<Result>): Promise<Result> {
    this.#isPaused = true
    try {
      while (this.#active > 0) await sleep(5)
      return await action()
    } finally {
      this.#isPaused = false
    }
  }

  /** Sends this many datagrams, all exporters together. */
  async send(datagrams: number, datagramsPerSecond: number): Promise<void> {
    const shares = this.exporters.length
    await Promise.all(
      this.exporters.map(({ sender }) =>
        sender.send(Math.ceil(datagrams / shares), datagramsPerSecond / shares),
      ),
    )
  }

  /** Ends the sending with a few datagrams that come slowly enough to be received for sure. */
  async finish(): Promise<void> {
    this.#isOver = true
    await this.#sending
    await this.send(300, 600)
  }

  close(): void {
    this.#isOver = true
    for (const { sender } of this.exporters) sender.close()
  }
}
