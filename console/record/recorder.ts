/** Records the lines of the journal, until a signal or to the present end of the journal. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalTap } from './journal-tap.ts'
import type { RecordedCounts, RecordedLines } from './recorded-lines.ts'
import type { Recording } from './recording.ts'

/** The pause before the next look for bytes and segments. */
const LOOK_MS = 50
const PROGRESS_MS = 1_000

interface RecorderOptions {
  readonly tap: JournalTap
  readonly recording: Recording
  readonly lines: RecordedLines
  /** Records only the present content of the journal. */
  readonly isOnce: boolean
  /** Called about once a second. */
  readonly onProgress: (recorder: Recorder) => void
}

export class Recorder {
  readonly #options: RecorderOptions
  #reportedAt = performance.now()

  /** @param options with a tap that is open */
  constructor(options: RecorderOptions) {
    this.#options = options
  }

  get counts(): Readonly<RecordedCounts> {
    return this.#options.lines.counts
  }

  /**
   * Records until the signal, and then up to the end that the journal has at that moment.
   *
   * @throws RecordingError, TapError
   */
  async run(signal: AbortSignal): Promise<void> {
    const { tap, recording, isOnce } = this.#options
    let until = isOnce ? tap.end : Number.POSITIVE_INFINITY
    while (tap.position < until) {
      tap.look()
      if (signal.aborted) until = Math.min(until, tap.end)
      if (!(await this.#step(until))) {
        if (until !== Number.POSITIVE_INFINITY) break
        await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
      }
      await recording.tick()
      this.#report()
    }
    await recording.close()
  }

  /** Records the next bytes, up to a position. @returns false when there were none */
  async #step(until: number): Promise<boolean> {
    const { tap, recording, lines } = this.#options
    const read = tap.read()
    if (!read) return false
    if (read.missedBytes > 0) lines.skip(read.missedBytes)
    const surplus = Math.max(0, tap.position - until)
    const chosen = lines.push(read.bytes.subarray(0, read.bytes.length - surplus))
    if (chosen.length > 0) await recording.write(chosen)
    return true
  }

  #report(): void {
    const now = performance.now()
    if (now - this.#reportedAt < PROGRESS_MS) return
    this.#reportedAt = now
    this.#options.onProgress(this)
  }
}
