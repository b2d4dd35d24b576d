/**
 * Lets one log line per key through in a period and counts what it mutes, so that no sender can
 * fill the log. It keeps a bounded number of keys and reads no clock.
 */

/** What to do with a line: `undefined` mutes it; else it is due, with the count muted before it. */
export type ThrottleVerdict = { readonly muted: number } | undefined

interface Entry {
  until: number
  muted: number
}

export class LogThrottle {
  readonly #periodMs: number
  readonly #maxKeys: number
  readonly #entries = new Map<string, Entry>()

  /** @param maxKeys beyond it the oldest key is forgotten, so memory stays bounded */
  constructor(periodMs = 60_000, maxKeys = 10_000) {
    this.#periodMs = periodMs
    this.#maxKeys = maxKeys
  }

  /** Asks whether a line of `key` may be written at `now` (milliseconds of any clock). */
  admit(key: string, now: number): ThrottleVerdict {
    const entry = this.#entries.get(key)
    if (entry && now < entry.until) {
      entry.muted += 1
      return undefined
    }
    const muted = entry?.muted ?? 0
    this.#entries.delete(key)
    if (this.#entries.size >= this.#maxKeys) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, { until: now + this.#periodMs, muted: 0 })
    return { muted }
  }
}
