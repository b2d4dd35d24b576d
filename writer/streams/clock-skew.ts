/**
 * Measures the clock skew of an exporter: the median of receive time minus export time over the
 * last five minutes. Stored times are never corrected by it.
 */

const PERIOD_MS = 300_000
const MAX_SAMPLES = 64
/** Room for samples at first: many streams are heard a few times only. */
const FIRST_SAMPLES = 4
/** The distance of samples once there are `MAX_SAMPLES`, so that together they span the period. */
const SAMPLE_INTERVAL_MS = PERIOD_MS / MAX_SAMPLES

/** The clock skew of one stream. */
export class ClockSkew {
  /** The skew of each sample and when it was taken, alternately. Grows with the samples. */
  #samples = new Float64Array(2 * FIRST_SAMPLES)
  #length = 0
  #head = 0
  #lastTakenAtMs = 0

  /** Adds the two times of a message, both in Unix milliseconds. */
  observe(receivedAtMs: number, exportedAtMs: number): void {
    const sinceMs = receivedAtMs - this.#lastTakenAtMs
    // A negative distance means that our own clock was set back: that must not stop the sampling.
    if (this.#length === MAX_SAMPLES && sinceMs >= 0 && sinceMs < SAMPLE_INTERVAL_MS) return
    const at = 2 * this.#head
    if (at === this.#samples.length) this.#samples = doubled(this.#samples)
    this.#samples[at] = receivedAtMs - exportedAtMs
    this.#samples[at + 1] = receivedAtMs
    this.#head = (this.#head + 1) % MAX_SAMPLES
    if (this.#length < MAX_SAMPLES) this.#length += 1
    this.#lastTakenAtMs = receivedAtMs
  }

  /**
   * Returns the median in whole milliseconds; it is positive when the exporter's clock is behind
   * ours. Null before the first message.
   */
  medianMs(): number | null {
    const since = this.#lastTakenAtMs - PERIOD_MS
    const skews = this.#samples
      .subarray(0, 2 * this.#length)
      .filter((_, place, samples) => place % 2 === 0 && (samples[place + 1] ?? 0) >= since)
      .sort()
    const middle = skews.length >> 1
    const upper = skews[middle]
    if (upper === undefined) return null
    const lower = skews.length % 2 === 0 ? (skews[middle - 1] ?? upper) : upper
    return Math.round((lower + upper) / 2)
  }
}

function doubled(samples: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(samples.length * 2)
  longer.set(samples)
  return longer
}
