/**
 * Adds up the CPU time of processes that may end while they are measured, with their groups: it looks
 * often and remembers what it saw last of each.
 */

import { readGroupCpuSeconds } from '../measure/process-usage.ts'

const LOOK_MS = 50

export class CpuMeter {
  readonly #leaders: readonly number[]
  readonly #seen = new Map<number, number>()
  #before = 0
  #timer: NodeJS.Timeout | undefined

  /** @param leaders pids; who is in the group of one of them counts, too */
  constructor(leaders: readonly number[]) {
    this.#leaders = leaders
  }

  start(): void {
    if (this.#timer) return
    this.#look()
    this.#before = this.#sum()
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** Gives the CPU seconds since `start`; undefined where the system does not tell. */
  stop(): number | undefined {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#look()
    return this.#seen.size === 0 ? undefined : this.#sum() - this.#before
  }

  #look(): void {
    for (const [pid, seconds] of readGroupCpuSeconds(this.#leaders)) this.#seen.set(pid, seconds)
  }

  #sum(): number {
    return [...this.#seen.values()].reduce((sum, seconds) => sum + seconds, 0)
  }
}
