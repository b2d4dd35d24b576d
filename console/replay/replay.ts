/** Replays files one after the other: reads, waits until datagrams are due, and sends them. */

import type { CaptureFile } from '../capture/capture-file.ts'
import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import type { Pacer } from './pacer.ts'
import type { ReplayTarget } from './replay-target.ts'

const PROGRESS_MS = 1_000

interface ReplayOptions {
  readonly target: ReplayTarget
  readonly pacer: Pacer
  /** Whether datagrams keep their distances in time; otherwise lines may pass unread. */
  readonly isPaced: boolean
  /** Only this exporter, by its address. */
  readonly exporter: string | undefined
  readonly signal: AbortSignal
  /** Called about once a second. */
  readonly onProgress: (replay: Replay) => void
}

export class Replay {
  readonly #options: ReplayOptions
  #datagrams = 0
  #skipped = 0
  #reportedAt = performance.now()

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  /** Datagrams sent. */
  get datagrams(): number {
    return this.#datagrams
  }

  /** Datagrams of other exporters. */
  get skipped(): number {
    return this.#skipped
  }

  /** Replays a file, at most until the signal. @throws CaptureError, ReplayError */
  async run(file: CaptureFile): Promise<void> {
    const { target, isPaced, exporter } = this.#options
    const passesUnread = !isPaced && exporter === undefined && target.sendLines !== undefined
    if (file.format === 'lines' && passesUnread) await this.#passLines(file)
    else await this.#sendDatagrams(file)
  }

  async #passLines(file: CaptureFile): Promise<void> {
    const { target, signal } = this.#options
    for await (const block of file.lineBlocks()) {
      if (signal.aborted) return
      await target.sendLines?.(block)
      this.#datagrams += block.lines
      this.#report()
    }
  }

  async #sendDatagrams(file: CaptureFile): Promise<void> {
    for await (const batch of file.batches()) {
      const chosen = this.#choose(batch)
      let start = 0
      while (start < chosen.length) {
        if (this.#options.signal.aborted) return
        start = await this.#sendDue(chosen, start)
      }
    }
  }

  #choose(batch: readonly CapturedDatagram[]): readonly CapturedDatagram[] {
    const { exporter } = this.#options
    if (exporter === undefined) return batch
    const chosen = batch.filter(({ address }) => address === exporter)
    this.#skipped += batch.length - chosen.length
    return chosen
  }

  /** Sends the datagrams that are due, or waits for the first. @returns the index of the next */
  async #sendDue(datagrams: readonly CapturedDatagram[], start: number): Promise<number> {
    const { pacer, target, signal } = this.#options
    let end = start
    let waitMs = 0
    while (end < datagrams.length && waitMs === 0) {
      waitMs = pacer.waitMs((datagrams[end] as CapturedDatagram).receivedAtMicros)
      if (waitMs === 0) end += 1
    }
    if (end === start) {
      await pacer.wait(waitMs, signal)
    } else {
      await target.send(datagrams.slice(start, end))
      this.#datagrams += end - start
    }
    this.#report()
    return end
  }

  #report(): void {
    const now = performance.now()
    if (now - this.#reportedAt < PROGRESS_MS) return
    this.#reportedAt = now
    this.#options.onProgress(this)
  }
}
