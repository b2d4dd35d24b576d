/**
 * Tells from the uptime in message headers (v1 to v9) whether an exporter has booted since. It
 * does not look at sequence numbers, and it says `unknown` when the uptime cannot be trusted.
 */

/** A change of the boot time by more is no jitter. */
const BOOT_JUMP_MS = 10_000
/** An uptime that stays the same for longer is frozen. */
const FROZEN_AFTER_MS = 1_000
/** So many datagrams must agree again after the uptime contradicted the sequence. */
const DISTRUST_DATAGRAMS = 32

/** Whether the exporter booted at the same time as the one heard last. */
export type BootVerdict = 'same' | 'changed' | 'unknown'

/** When a datagram was received and what it says of its exporter's uptime. */
export interface UptimeReading {
  /** Unix milliseconds. */
  readonly receivedAtMs: number
  /** Milliseconds since boot, modulo 2³²; undefined for versions without it (IPFIX). */
  readonly uptimeMs: number | undefined
}

/**
 * Compares boot times modulo 2³²: receive time minus uptime is constant while the uptime wraps and
 * while the exporter's wall clock is set.
 */
export class BootClock {
  #bootMs: number | undefined
  #uptimeMs = 0
  #uptimeSinceMs = 0
  #distrust = 0

  /** The last boot time modulo 2³², to be restored after a restart of this program. */
  get bootMs(): number | undefined {
    return this.#bootMs
  }

  /** Judges a datagram against the last one that was followed. */
  compare({ receivedAtMs, uptimeMs }: UptimeReading): BootVerdict {
    // Exporters without a clock send 0; one that booted this very millisecond is none the worse.
    if (uptimeMs === undefined || uptimeMs === 0 || this.#bootMs === undefined) return 'unknown'
    if (this.#distrust > 0 || this.#isFrozen(receivedAtMs, uptimeMs)) return 'unknown'
    const jump = Math.abs((receivedAtMs - uptimeMs - this.#bootMs) | 0)
    return jump > BOOT_JUMP_MS ? 'changed' : 'same'
  }

  /** Takes a datagram as the one to compare with, so that slow drift of the clocks is no jump. */
  follow({ receivedAtMs, uptimeMs }: UptimeReading): void {
    if (uptimeMs === undefined || uptimeMs === 0) return
    const bootMs = (receivedAtMs - uptimeMs) >>> 0
    if (this.#distrust > 0 && this.#bootMs !== undefined) {
      const jump = Math.abs((bootMs - this.#bootMs) | 0)
      this.#distrust = jump > BOOT_JUMP_MS ? DISTRUST_DATAGRAMS : this.#distrust - 1
    }
    if (uptimeMs !== this.#uptimeMs || this.#bootMs === undefined) {
      this.#uptimeMs = uptimeMs
      this.#uptimeSinceMs = receivedAtMs
    }
    this.#bootMs = bootMs
  }

  /** Stops trusting the uptime for a while: it jumped within an unbroken sequence. */
  distrust(): void {
    this.#distrust = DISTRUST_DATAGRAMS
  }

  restore(bootMs: number): void {
    this.#bootMs = bootMs
  }

  #isFrozen(receivedAtMs: number, uptimeMs: number): boolean {
    return uptimeMs === this.#uptimeMs && receivedAtMs - this.#uptimeSinceMs > FROZEN_AFTER_MS
  }
}
