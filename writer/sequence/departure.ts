/**
 * A departure: the numbers of a stream have jumped, and it is not certain that the stream has gone
 * there. If the earlier numbers go on within the window, the jump is taken back.
 */

import type { StoredBoot } from './boot-clock.ts'
import type { LinePlace } from './number-line.ts'
import {
  NEAR_UNITS,
  REORDER_WINDOW_DATAGRAMS,
  REORDER_WINDOW_MS,
  type WindowPosition,
} from './reorder-window.ts'

/**
 * The kind of a jump. `boot`: a restart that the uptime shows. `guess`: a restart that the
 * numbers alone suggest. `loss`: a loss.
 */
type DepartureKind = 'boot' | 'guess' | 'loss'

/** The numbering before the jump. */
export interface EarlierNumbering extends LinePlace {
  readonly kind: DepartureKind
  readonly boot: StoredBoot | undefined
  /** The datagrams that make the jump. They are late, or else strays, if it is taken back. */
  readonly jumpers: number
  readonly areLate: boolean
}

/** How a datagram relates to the numbering before the jump. */
type EarlierVerdict = 'late-of-earlier' | 'resumes-earlier' | 'no'

export class Departure {
  #earlier: EarlierNumbering | undefined
  #leftAt: WindowPosition = { nowMs: 0, count: 0 }
  #isConfirmed = false
  /** Datagrams that were counted as late ones of the earlier numbering. */
  #lateOfEarlier = 0

  /** Whether the earlier numbering may still go on. */
  get isAway(): boolean {
    return this.#earlier !== undefined
  }

  /** Whether no datagram has continued the numbers after the jump. */
  get isLone(): boolean {
    return this.#earlier !== undefined && !this.#isConfirmed
  }

  /** The datagrams of a lone jump that would be a loss; they are strays until it is confirmed. */
  get loneJumpers(): number {
    return this.isLone && this.#earlier?.kind === 'loss' ? this.#earlier.jumpers : 0
  }

  /** The boot clock of the earlier numbering. */
  get earlierBoot(): StoredBoot | undefined {
    return this.#earlier?.boot
  }

  /** The next expected number of the earlier numbering. */
  get earlierNext(): number | undefined {
    return this.#earlier?.next
  }

  /** Leaves a numbering. */
  leave(earlier: EarlierNumbering, { nowMs, count }: WindowPosition): void {
    this.#earlier = earlier
    this.#leftAt = { nowMs, count }
    this.#isConfirmed = earlier.jumpers > 1
    this.#lateOfEarlier = 0
  }

  /** Notes that the numbers after the jump go on. */
  confirm(): void {
    this.#isConfirmed = true
  }

  /**
   * Judges a number that is not the expected one after the jump.
   *
   * @param distance the signed distance from the expected number
   * @param isEarlierBoot whether the exporter has not booted since the earlier numbering
   */
  judge(start: number, distance: number, isEarlierBoot: boolean): EarlierVerdict {
    if (this.#earlier === undefined) return 'no'
    const { kind, next, slack } = this.#earlier
    const beyond = (start - next) | 0
    const mayResume = kind !== 'boot' || isEarlierBoot
    if (mayResume && beyond <= 0 && beyond >= -slack) return 'resumes-earlier'
    if (Math.abs(distance) <= NEAR_UNITS) return 'no'
    if (beyond >= 0) return mayResume && beyond < NEAR_UNITS ? 'resumes-earlier' : 'no'
    if (beyond < -NEAR_UNITS) return 'no'
    this.#lateOfEarlier += 1
    return 'late-of-earlier'
  }

  /**
   * Takes the jump back and returns the earlier numbering, with the datagrams since the jump.
   *
   * @param count how many datagrams the stream has observed, the present one included
   */
  takeBack(count: number): (EarlierNumbering & { readonly leftAtCount: number }) | undefined {
    const earlier = this.#earlier
    this.#earlier = undefined
    if (earlier === undefined) return undefined
    const since = count - this.#leftAt.count - 1 - this.#lateOfEarlier
    return { ...earlier, jumpers: earlier.jumpers + since, leftAtCount: this.#leftAt.count }
  }

  /** Believes a confirmed jump when the window is over, and returns the numbering left behind. */
  settle({ nowMs, count }: WindowPosition): EarlierNumbering | undefined {
    if (this.#earlier === undefined || !this.#isConfirmed) return undefined
    const isOver =
      nowMs - this.#leftAt.nowMs > REORDER_WINDOW_MS ||
      count - this.#leftAt.count > REORDER_WINDOW_DATAGRAMS
    if (!isOver) return undefined
    const earlier = this.#earlier
    this.#earlier = undefined
    return earlier
  }
}
