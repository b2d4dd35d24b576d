/**
 * Runs of datagrams whose numbers continue each other, beside the numbering of their stream. A run
 * that grows while the stream goes on is another series, as the line cards of one exporter send.
 */

import type { NumberRange } from './sequence-hole.ts'

/** A run of this many datagrams beside a stream that goes on is another series. */
const SERIES_RUN = 6
/** Runs are forgotten after this many datagrams of the stream in which no run was continued. */
const QUIET_DATAGRAMS = 256
/** Beyond this, the run that was continued longest ago is forgotten. */
const MAX_RUNS = 16

interface SeriesRun {
  next: number
  length: number
  /** Whether the stream itself was heard since the run began. */
  isMainHeard: boolean
}

export class SeriesRuns {
  #runs: SeriesRun[] = []
  #quiet = 0

  get size(): number {
    return this.#runs.length
  }

  /**
   * Adds a datagram to the run that it continues, or begins a run.
   *
   * @param slack the datagram may begin this many numbers before the end of its run
   * @returns the length of the run if it is another series; the run is then removed
   */
  add({ from, to }: NumberRange, slack: number): number | undefined {
    this.#quiet = 0
    const index = this.#runs.findIndex(({ next }) => (next - from) >>> 0 <= slack)
    const [known] = index < 0 ? [] : this.#runs.splice(index, 1)
    const run = known ?? { next: to, length: 0, isMainHeard: false }
    // Messages without records may share a number: they continue nothing.
    if (from !== to || known === undefined) run.length += 1
    run.next = to
    if (run.isMainHeard && run.length >= SERIES_RUN) return run.length
    this.#runs.push(run)
    if (this.#runs.length > MAX_RUNS) this.#runs.shift()
    return undefined
  }

  /** Remembers a numbering that the stream has left: its next datagram shows another series. */
  leave(next: number): void {
    this.#quiet = 0
    this.#runs.push({ next, length: SERIES_RUN - 1, isMainHeard: true })
    if (this.#runs.length > MAX_RUNS) this.#runs.shift()
  }

  /** Notes that the stream itself was heard and went on. */
  noteMain(): void {
    for (const run of this.#runs) run.isMainHeard = true
    this.#quiet += 1
    if (this.#quiet > QUIET_DATAGRAMS) this.#runs = []
  }
}
