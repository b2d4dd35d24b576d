/**
 * The jumps of one numbering: restarts, and numbers far ahead. The numbering goes along with a jump
 * at once. If the numbers before it go on within the reorder window, the jump is taken back.
 */

import { type BootClock, isSameBoot, type StoredBoot } from './boot-clock.ts'
import type { GapLedger } from './gap-ledger.ts'
import type { LinePlace, NumberLine } from './number-line.ts'
import {
  NEAR_UNITS,
  REORDER_WINDOW_DATAGRAMS,
  REORDER_WINDOW_MS,
  type WindowPosition,
} from './reorder-window.ts'
import { startOf } from './sequence-unit.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'

/** Counters of numberings. They fall only when a judgement is taken back. */
export interface NumberingCounts {
  /** Datagrams behind the expected number, including those that filled a hole. */
  late: number
  restarts: number
  /** Restarts that the uptime showed; a total that never falls. */
  boots: number
  /** Datagrams whose numbers neither the stream nor other datagrams have continued. */
  strays: number
}

/** The parts of a numbering that a jump changes. */
export interface JumpingParts {
  readonly line: NumberLine
  readonly ledger: GapLedger
  readonly boot: BootClock
  readonly counts: NumberingCounts
  readonly position: WindowPosition
}

/** A jump, as far as it can be judged from the datagram alone. */
interface Jump {
  /** A restart that the uptime shows, a restart that the numbers alone suggest, or a loss. */
  readonly kind: 'boot' | 'guess' | 'loss'
  /** The datagrams that make it. */
  readonly jumpers: number
  /** Whether they are late, not strays, if the jump is taken back. */
  readonly areLate?: boolean
}

/** The numbering before a jump, and the jump. */
interface Departure extends LinePlace, Jump {
  readonly boot: StoredBoot | undefined
  readonly leftAt: WindowPosition
}

export class NumberJumps {
  /** Whether the numbers have jumped, and the earlier ones may still go on. */
  isAway = false
  readonly #parts: JumpingParts
  #departure: Departure | undefined
  /** Whether a datagram has continued the numbers after the jump. */
  #isConfirmed = false
  /** Datagrams that were counted as late ones of the earlier numbering. */
  #lateOfEarlier = 0

  constructor(parts: JumpingParts) {
    this.#parts = parts
  }

  /** The next expected number before the jump. */
  get earlierNext(): number | undefined {
    return this.#departure?.next
  }

  /**
   * Believes a confirmed jump whose window is over.
   *
   * @returns the next number of the numbering that was left for good
   */
  settle(): number | undefined {
    if (this.#departure === undefined || !this.#isConfirmed) return undefined
    const { leftAt, next } = this.#departure
    const { nowMs, count } = this.#parts.position
    const isOver =
      nowMs - leftAt.nowMs > REORDER_WINDOW_MS || count - leftAt.count > REORDER_WINDOW_DATAGRAMS
    if (!isOver) return undefined
    this.#end()
    return next
  }

  /** Notes that the numbers after the jump go on. */
  confirm(): void {
    if (!this.#isLone) return
    this.#forgetLoneStray()
    this.#isConfirmed = true
    this.#parts.ledger.confirmJump()
  }

  /** Judges a datagram that is not the expected one after a jump. */
  judge(datagram: SequencedDatagram): 'late-of-earlier' | 'take-back' | 'no' {
    const departure = this.#departure
    if (departure === undefined) return 'no'
    const { line } = this.#parts
    const distance = line.distanceOf(datagram)
    const beyond = (startOf(line.unit, datagram) - departure.next) | 0
    const mayResume = departure.kind !== 'boot' || isSameBoot(departure.boot, datagram)
    if (mayResume && beyond <= 0 && beyond >= -departure.slack) return 'take-back'
    if (Math.abs(distance) <= NEAR_UNITS) return 'no'
    if (beyond < 0 && beyond >= -NEAR_UNITS) {
      this.#lateOfEarlier += 1
      return 'late-of-earlier'
    }
    const isResumed = mayResume && beyond >= 0 && beyond < NEAR_UNITS
    return isResumed || this.#isLone ? 'take-back' : 'no'
  }

  /**
   * Leaves the numbering for a number far ahead.
   *
   * @param dissenting units, as bits, that see another loss
   */
  goAhead(datagram: SequencedDatagram, dissenting: number): void {
    const { line, ledger, position } = this.#parts
    const { next: from, slack, isNextKnown } = line
    const isExact = isNextKnown && !line.hasOpenStart(datagram)
    this.#leave({ kind: 'loss', jumpers: 1 })
    const to = startOf(line.unit, datagram)
    ledger.setAside(isExact ? { from, to, slack, dissenting } : undefined, position)
  }

  /** Leaves the numbering for that of a restart. */
  restart(jump: Jump & { readonly kind: 'boot' | 'guess' }): void {
    const { line, ledger, counts } = this.#parts
    if (jump.kind === 'boot') counts.boots += 1
    counts.restarts += 1
    this.#leave(jump)
    ledger.setAside()
    line.forgetUndecoded()
  }

  /**
   * Undoes the jump, if there is one: the datagrams since were late ones, or strays.
   *
   * @param count how many datagrams were observed, with one that goes on before the jump
   */
  takeBack(count: number): void {
    const { line, ledger, boot, counts } = this.#parts
    const departure = this.#departure
    if (departure === undefined) return
    this.#end()
    const { leftAt, jumpers, areLate } = departure
    ledger.takeBack(leftAt.count)
    line.moveTo(departure)
    if (departure.boot) boot.restore(departure.boot)
    const datagrams = jumpers + count - leftAt.count - 1 - this.#lateOfEarlier
    if (areLate) counts.late += datagrams
    else counts.strays += datagrams
    if (departure.kind !== 'loss') counts.restarts -= 1
  }

  /** Whether no datagram has continued the numbers after the jump. */
  get #isLone(): boolean {
    return this.isAway && !this.#isConfirmed
  }

  #leave(jump: Jump): void {
    const { line, boot, position } = this.#parts
    const { nowMs, count } = position
    this.#forgetLoneStray()
    this.#departure = { ...jump, ...line.place, boot: boot.toState(0), leftAt: { nowMs, count } }
    this.isAway = true
    this.#isConfirmed = jump.jumpers > 1
    this.#lateOfEarlier = 0
    if (jump.kind === 'loss') this.#parts.counts.strays += jump.jumpers
  }

  #end(): void {
    this.#forgetLoneStray()
    this.#departure = undefined
    this.isAway = false
  }

  /** A datagram far ahead counts as a stray until the numbers after it go on. */
  #forgetLoneStray(): void {
    const departure = this.#departure
    if (departure?.kind === 'loss' && this.#isLone) this.#parts.counts.strays -= departure.jumpers
  }
}
