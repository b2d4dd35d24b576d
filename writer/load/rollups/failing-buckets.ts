/** Buckets that could not be computed, and when each is tried again. */

import { BackOff } from '../database/back-off.ts'
import type { Work } from './compute-buckets.ts'
import { type Avoided, keyOf } from './find-work.ts'

const BACK_OFF = { firstMs: 60_000, longestMs: 3_600_000 }

export class FailingBuckets {
  readonly #retries = new Map<string, { readonly backOff: BackOff; retryAtMs: number }>()

  get count(): number {
    return this.#retries.size
  }

  /** Returns the buckets that are not tried at this time. */
  at(nowMs: number): Avoided {
    return { has: (key) => (this.#retries.get(key)?.retryAtMs ?? nowMs) > nowMs }
  }

  /** Returns how long to wait before the next attempt, in milliseconds. */
  failed({ level, buckets: [bucket = 0] }: Work, nowMs: number): number {
    const key = keyOf(level, bucket)
    const retry = this.#retries.get(key) ?? { backOff: new BackOff(BACK_OFF), retryAtMs: 0 }
    const waitMs = retry.backOff.nextMs()
    retry.retryAtMs = nowMs + waitMs
    this.#retries.set(key, retry)
    return waitMs
  }

  succeeded({ level, buckets }: Work): void {
    for (const bucket of buckets) this.#retries.delete(keyOf(level, bucket))
  }
}
