/**
 * Finds out from the uptime in message headers (v1 to v9) whether an exporter has rebooted. The
 * verdict is `unknown` while the uptime cannot be trusted.
 */

/** A smaller change of the boot time is jitter. */
const BOOT_JUMP_MS = 10_000
/** An uptime that stays the same for longer is frozen. */
const FROZEN_AFTER_MS = 1_000
/** After the uptime contradicted the sequence, this many datagrams in a row must agree again. */
const DISTRUST_DATAGRAMS = 32

/** Whether the boot time of an exporter is the one from its last datagram. */
export type BootVerdict = 'same' | 'changed' | 'unknown'

/** The receive time of a datagram, and the uptime in its header. */
export interface UptimeReading {
  /** Unix milliseconds. */
  readonly receivedAtMs: number
  /** Milliseconds since boot, modulo 2³²; undefined for IPFIX, which has no uptime. */
  readonly uptimeMs: number | undefined
}

/**
 * Compares boot times modulo 2³². The boot time is the receive time minus the uptime, so it stays
 * the same when the uptime wraps, and when somebody sets the exporter's wall clock.
 */
export class BootClock {
  #bootMs: number | undefined
  #uptimeMs = 0
  #uptimeSinceMs = 0
  #distrust = 0

  /** The last boot time modulo 2³², for storing. */
  get bootMs(): number | undefined {
    return this.#bootMs
  }

  /** Compares the boot time of a datagram with that of the last followed one. */
  compare({ receivedAtMs, uptimeMs }: UptimeReading): BootVerdict {
    // Exporters without a clock send 0. A real uptime of 0 is rare, and `unknown` does no harm.
    if (uptimeMs === undefined || uptimeMs === 0 || this.#bootMs === undefined) return 'unknown'
    if (this.#distrust > 0 || this.#isFrozen(receivedAtMs, uptimeMs)) return 'unknown'
    const jump = Math.abs((receivedAtMs - uptimeMs - this.#bootMs) | 0)
    return jump > BOOT_JUMP_MS ? 'changed' : 'same'
  }

  /**
   * Follows a datagram: the next one is compared with it. Slow drift between the two clocks thus
   * never adds up to a jump.
   */
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

  /** Distrusts the uptime for a while, because it jumped within an unbroken sequence. */
  distrust(): void {
    this.#distrust = DISTRUST_DATAGRAMS
  }

  /** Restores the stored boot time. */
  restore(bootMs: number): void {
    this.#bootMs = bootMs
  }

  #isFrozen(receivedAtMs: number, uptimeMs: number): boolean {
    return uptimeMs === this.#uptimeMs && receivedAtMs - this.#uptimeSinceMs > FROZEN_AFTER_MS
  }
}
