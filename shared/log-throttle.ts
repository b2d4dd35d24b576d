/**
 * Admits one log line per key and period, and counts the lines that it mutes, so that no sender can
 * fill the log. It keeps a bounded number of keys.
 */

/** undefined mutes the line. Otherwise the line is due; `muted` lines before it were muted. */
type ThrottleVerdict = { readonly muted: number } | undefined

/** Muted lines that no later line has reported. */
interface MutedLines {
  /** undefined: several keys, for which there was no room. */
  readonly key: string | undefined
  readonly muted: number
}

interface Entry {
  until: number
  muted: number
}

export class LogThrottle {
  readonly #periodMs: number
  readonly #maxKeys: number
  /** In the order in which their periods end, unless the clock goes back. */
  readonly #entries = new Map<string, Entry>()
  /** All keys without an entry. */
  readonly #others: Entry = { until: 0, muted: 0 }

  /** @param maxKeys lines of more keys are muted until the period of one of these has ended */
  constructor(periodMs = 60_000, maxKeys = 10_000) {
    this.#periodMs = periodMs
    this.#maxKeys = maxKeys
  }

  /** Decides whether a line of `key` may be written at `now` (milliseconds of any clock). */
  admit(key: string, now: number): ThrottleVerdict {
    const entry = this.#entries.get(key)
    if (entry && now < entry.until) {
      entry.muted += 1
      return undefined
    }
    if (!entry && !this.#makeRoom(now)) {
      this.#muteOther(1, now)
      return undefined
    }
    this.#entries.delete(key)
    this.#entries.set(key, { until: now + this.#periodMs, muted: 0 })
    return { muted: entry?.muted ?? 0 }
  }

  /**
   * Returns the muted lines of keys that have been quiet for half a period after their own, and
   * forgets these keys. Call it now and then: no later line would report them.
   */
  takeMuted(now: number): readonly MutedLines[] {
    const taken: MutedLines[] = []
    for (const [key, { until, muted }] of this.#entries) {
      if (now < until + this.#periodMs / 2) break
      this.#entries.delete(key)
      if (muted > 0) taken.push({ key, muted })
    }
    const { until, muted } = this.#others
    if (muted > 0 && now >= until) {
      taken.push({ key: undefined, muted })
      this.#others.muted = 0
    }
    return taken
  }

  #makeRoom(now: number): boolean {
    if (this.#entries.size < this.#maxKeys) return true
    const oldest = this.#entries.entries().next()
    if (oldest.done) return false
    const [key, { until, muted }] = oldest.value
    if (now < until) return false
    this.#entries.delete(key)
    if (muted > 0) this.#muteOther(muted, now)
    return true
  }

  #muteOther(lines: number, now: number): void {
    if (this.#others.muted === 0) this.#others.until = now + this.#periodMs
    this.#others.muted += lines
  }
}
