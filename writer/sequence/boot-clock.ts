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

/** How the boot time of an exporter compares with that of its last datagram. */
export type BootVerdict = 'same' | 'changed' | 'unknown'

/** The receive time of a datagram, and the uptime in its header. */
export interface UptimeReading {
  /** Milliseconds of the stream clock, which no step of the host's clock moves. */
  readonly receivedAtMs: number
  /** Milliseconds by the host's clock, which may have been set since the last datagram. */
  readonly wallMs: number
  /** Milliseconds since boot, modulo 2³²; undefined for IPFIX, which has no uptime. */
  readonly uptimeMs: number | undefined
}

/** A boot clock as plain JSON; `sinceMs` is when the uptime was first heard. */
export type StoredBoot = readonly [
  bootMs: number,
  steadyBootMs: number,
  uptimeMs: number,
  sinceMs: number,
  distrust: number,
]

/** Whether a datagram has the boot time of a stored clock. */
export function isSameBoot(boot: StoredBoot | undefined, reading: UptimeReading): boolean {
  const { uptimeMs } = reading
  if (boot === undefined || uptimeMs === undefined || uptimeMs === 0) return false
  return bootJumpOf(boot, reading, uptimeMs) <= BOOT_JUMP_MS
}

function bootJumpOf(
  [bootMs, steadyBootMs]: readonly [number, number, ...unknown[]],
  { receivedAtMs, wallMs }: UptimeReading,
  uptimeMs: number,
): number {
  const byWall = Math.abs((wallMs - uptimeMs - bootMs) | 0)
  const bySteady = Math.abs((receivedAtMs - uptimeMs - steadyBootMs) | 0)
  return Math.min(byWall, bySteady)
}

/**
 * Compares boot times modulo 2³². The boot time is the receive time minus the uptime, so it stays
 * the same when the uptime wraps, and when somebody sets the exporter's wall clock. A reboot moves
 * it by both clocks of this host; a step of the wall clock, or a pause that the stream clock does
 * not count, moves it by one of them only.
 */
export class BootClock {
  /** By the wall clock; undefined before the first uptime. */
  #bootMs: number | undefined
  /** By the stream clock. */
  #steadyBootMs = 0
  #uptimeMs = 0
  #uptimeSinceMs = 0
  #distrust = 0

  /** Compares the boot time of a datagram with that of the last followed one. */
  compare(reading: UptimeReading): BootVerdict {
    const { receivedAtMs, uptimeMs } = reading
    // Exporters without a clock send 0. A real uptime of 0 is rare, and `unknown` does no harm.
    if (uptimeMs === undefined || uptimeMs === 0 || this.#bootMs === undefined) return 'unknown'
    if (this.#distrust > 0 || this.#isFrozen(receivedAtMs, uptimeMs)) return 'unknown'
    return this.#hasJumped(this.#bootMs, reading, uptimeMs) ? 'changed' : 'same'
  }

  /**
   * Follows a datagram: the next one is compared with it. Slow drift between the two clocks thus
   * never adds up to a jump.
   */
  follow(reading: UptimeReading): void {
    const { receivedAtMs, wallMs, uptimeMs } = reading
    if (uptimeMs === undefined || uptimeMs === 0) return
    if (this.#distrust > 0 && this.#bootMs !== undefined) {
      const hasJumped = this.#hasJumped(this.#bootMs, reading, uptimeMs)
      this.#distrust = hasJumped ? DISTRUST_DATAGRAMS : this.#distrust - 1
    }
    if (uptimeMs !== this.#uptimeMs || this.#bootMs === undefined) {
      this.#uptimeMs = uptimeMs
      this.#uptimeSinceMs = receivedAtMs
    }
    this.#bootMs = (wallMs - uptimeMs) >>> 0
    this.#steadyBootMs = (receivedAtMs - uptimeMs) >>> 0
  }

  /** Distrusts the uptime for a while, because it jumped within an unbroken sequence. */
  distrust(): void {
    this.#distrust = DISTRUST_DATAGRAMS
  }

  /**
   * Returns the clock for storing; undefined before the first uptime.
   *
   * @param shiftMs added to times of the stream clock
   */
  toState(shiftMs: number): StoredBoot | undefined {
    if (this.#bootMs === undefined) return undefined
    const steadyBootMs = (this.#steadyBootMs + shiftMs) >>> 0
    const sinceMs = this.#uptimeSinceMs + shiftMs
    return [this.#bootMs, steadyBootMs, this.#uptimeMs, sinceMs, this.#distrust]
  }

  /** Restores the result of `toState`. */
  restore([bootMs, steadyBootMs, uptimeMs, sinceMs, distrust]: StoredBoot): void {
    this.#bootMs = bootMs
    this.#steadyBootMs = steadyBootMs
    this.#uptimeMs = uptimeMs
    this.#uptimeSinceMs = sinceMs
    this.#distrust = distrust
  }

  #hasJumped(bootMs: number, reading: UptimeReading, uptimeMs: number): boolean {
    return bootJumpOf([bootMs, this.#steadyBootMs], reading, uptimeMs) > BOOT_JUMP_MS
  }

  #isFrozen(receivedAtMs: number, uptimeMs: number): boolean {
    return uptimeMs === this.#uptimeMs && receivedAtMs - this.#uptimeSinceMs > FROZEN_AFTER_MS
  }
}
