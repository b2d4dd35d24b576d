/**
 * Adds up the CPU time of process groups. As members may end at any time, it reads all of them every
 * 50 ms and keeps the last value of each.
 */

import { readGroupCpuSeconds } from '../measure/process-usage.ts'

const READ_MS = 50

export class CpuMeter {
  readonly #leaders: readonly number[]
  readonly #seconds = new Map<number, number>()
  #before = 0
  #timer: NodeJS.Timeout | undefined

  /** @param leaders the pids of the leaders of the groups */
  constructor(leaders: readonly number[]) {
    this.#leaders = leaders
  }

  start(): void {
    if (this.#timer) return
    this.#read()
    this.#before = this.#sum()
    this.#timer = setInterval(() => this.#read(), READ_MS)
  }

  /** Returns the CPU seconds since `start`; undefined where there is no /proc. */
  stop(): number | undefined {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#read()
    return this.#seconds.size === 0 ? undefined : this.#sum() - this.#before
  }

  #read(): void {
    for (const [pid, seconds] of readGroupCpuSeconds(this.#leaders)) this.#seconds.set(pid, seconds)
  }

  #sum(): number {
    return [...this.#seconds.values()].reduce((sum, seconds) => sum + seconds, 0)
  }
}
