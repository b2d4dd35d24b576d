/**
 * The jumps of one numbering: restarts, and numbers far ahead. The numbering goes along with a jump
 * at once, and comes back if the numbers before it go on.
 */

import { type BootClock, isSameBoot } from './boot-clock.ts'
import { Departure } from './departure.ts'
import type { GapLedger } from './gap-ledger.ts'
import type { NumberLine } from './number-line.ts'
import type { WindowPosition } from './reorder-window.ts'
import { NEAR_UNITS } from './reorder-window.ts'
import { startOf } from './sequence-unit.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'

/** Counters of a numbering. */
export interface NumberingCounts {
  late: number
  restarts: number
  /** Restarts that the uptime showed; a total that never falls. */
  boots: number
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
  readonly kind: 'boot' | 'guess' | 'loss'
  /** The datagrams that make it. */
  readonly jumpers: number
  /** Whether they are late, not strays, if the jump is taken back. */
  readonly areLate?: boolean
}

export class NumberJumps {
  readonly #parts: JumpingParts
  readonly #departure = new Departure()
  #left: number | undefined

  constructor(parts: JumpingParts) {
    this.#parts = parts
  }

  /** Whether the numbers have jumped, and the earlier ones may still go on. */
  get isAway(): boolean {
    return this.#departure.isAway
  }

  /** The next expected number before the jump. */
  get earlierNext(): number | undefined {
    return this.#departure.earlierNext
  }

  /** Datagrams that are strays unless the next ones continue their jump. */
  get loneJumpers(): number {
    return this.#departure.loneJumpers
  }

  /** Returns the next number of a numbering that was left for good, once. */
  takeLeft(): number | undefined {
    const left = this.#left
    this.#left = undefined
    return left
  }

  /** Believes a jump whose window is over. */
  settle(): void {
    this.#left = this.#departure.settle(this.#parts.position)?.next ?? this.#left
  }

  /** Notes that the numbers after the jump go on. */
  confirm(): void {
    if (!this.#departure.isLone) return
    this.#departure.confirm()
    this.#parts.ledger.confirmJump()
  }

  /** Judges a datagram that is not the expected one after a jump. */
  judge(datagram: SequencedDatagram): 'late-of-earlier' | 'take-back' | 'no' {
    const { line } = this.#parts
    const distance = line.distanceOf(datagram)
    const isEarlierBoot = isSameBoot(this.#departure.earlierBoot, datagram)
    const start = startOf(line.unit, datagram)
    const verdict = this.#departure.judge(start, distance, isEarlierBoot)
    if (verdict === 'late-of-earlier') return verdict
    const isWild = this.#departure.isLone && Math.abs(distance) > NEAR_UNITS
    return verdict === 'resumes-earlier' || isWild ? 'take-back' : 'no'
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
   * Takes the jump back, if there is one: the datagrams since were late ones, or strays.
   *
   * @param count how many datagrams were observed, with one that goes on before the jump
   */
  takeBack(count: number): void {
    const { line, ledger, boot, counts } = this.#parts
    const earlier = this.#departure.takeBack(count)
    if (earlier === undefined) return
    ledger.takeBack(earlier.leftAtCount)
    line.moveTo(earlier)
    if (earlier.boot) boot.restore(earlier.boot)
    if (earlier.areLate) counts.late += earlier.jumpers
    else counts.strays += earlier.jumpers
    if (earlier.kind !== 'loss') counts.restarts -= 1
  }

  #leave(jump: Jump): void {
    const { line, boot, position } = this.#parts
    const earlier = { areLate: false, ...jump, ...line.place, boot: boot.toState(0) }
    this.#departure.leave(earlier, position)
  }
}
