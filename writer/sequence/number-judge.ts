/**
 * Places each datagram of a numbering: in order, ahead, late, a restart, or a jump that is not
 * certain yet. It opens and fills the holes, and counts.
 */

import type { BootClock, BootVerdict } from './boot-clock.ts'
import { Cadence } from './cadence.ts'
import type { GapLedger } from './gap-ledger.ts'
import { type JumpingParts, NumberJumps } from './number-jumps.ts'
import type { NumberLine } from './number-line.ts'
import { NEAR_UNITS } from './reorder-window.ts'
import { ANY_UNIT, type NumberRange, type SequenceHole } from './sequence-hole.ts'
import { countSlack, countUnits, type SequenceUnit, startOf } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** A run of this many messages from an earlier number is a restart, unless the uptime denies it. */
const RESTART_RUN = 2
/** The length of such a run if the uptime says that there was no boot. */
const RESTART_RUN_SAME_BOOT = 8
/** A number this far behind is not that of a late datagram. */
const FAR_BEHIND_UNITS = 65_536

/** A run of messages behind the expected number, and the number after it; plain JSON. */
export type StoredRun = readonly [length: number, next: number]

/** The last receive time, and the number of datagrams observed. */
interface NumberingPosition {
  nowMs: number
  count: number
}

interface NumberingParts extends JumpingParts {
  readonly position: NumberingPosition
}

export class NumberJudge {
  readonly jumps: NumberJumps
  readonly #unit: SequenceUnit
  readonly #line: NumberLine
  readonly #ledger: GapLedger
  readonly #boot: BootClock
  readonly #counts: JumpingParts['counts']
  readonly #position: NumberingPosition
  readonly #cadence = new Cadence()
  /** The messages behind the expected number that continue each other, and the number after them. */
  #run = 0
  #runNext = 0
  /** The next number of a numbering that was left for good. */
  #left: number | undefined
  /** Whether the expected number comes from the last message, not from an earlier one. */
  #hasAdvanced = true
  /** The numbers of a stray ahead of the stream. If the stream skips them, it was no stray. */
  #early: NumberRange | undefined

  /** @param parts shared with the numbering */
  constructor(parts: NumberingParts) {
    this.jumps = new NumberJumps(parts)
    this.#unit = parts.line.unit
    this.#line = parts.line
    this.#ledger = parts.ledger
    this.#boot = parts.boot
    this.#counts = parts.counts
    this.#position = parts.position
  }

  /** The longest recent interval between two datagrams; 0 while there was none. */
  get intervalMs(): number {
    return this.#cadence.intervalMs ?? 0
  }

  /** Whether the numbers have jumped, and the earlier ones may still go on. */
  get isAway(): boolean {
    return this.jumps.isAway
  }

  /** Returns the next number of a numbering that was left for good, once. */
  takeLeft(): number | undefined {
    const left = this.#left
    this.#left = undefined
    return left
  }

  /** Places the next datagram, in the order of arrival and after its decoding. */
  observe(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    this.#position.nowMs = datagram.receivedAtMs
    this.#position.count += 1
    if (this.#unit === 'none') return 'unsequenced'
    if (this.#line.isAnchored) return this.#place(datagram, doubt)
    this.#advance(datagram)
    return 'first'
  }

  /** Goes back before a stray, whose hole was removed from the ledger. */
  forgetStray({ from, to, slack }: SequenceHole, headFills: number): void {
    this.#early = { from: to, to: this.#line.next }
    this.#line.moveTo({ next: from, slack, isNextKnown: true })
    this.#counts.late -= headFills
    this.#counts.strays += 1
  }

  #place(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    const boot = this.#boot.compare(datagram)
    if (this.jumps.isAway) this.#left = this.jumps.settle() ?? this.#left
    if (this.#line.expects(datagram)) {
      if (boot === 'changed') this.#boot.distrust()
      return this.#takeForward(datagram, 0, doubt)
    }
    const distance = this.#line.distanceOf(datagram)
    if (doubt.isExplained && distance < 0) {
      // In a favoured unit it is the next datagram, so it is neither late nor a restart.
      this.#advance(datagram)
      return 'indeterminate'
    }
    if (this.jumps.isAway) {
      const verdict = this.jumps.judge(datagram)
      if (verdict === 'late-of-earlier') {
        this.#fill(datagram, doubt)
        return this.#countLate()
      }
      if (verdict === 'take-back') {
        this.#takeBack(this.#position.count)
        return this.#place(datagram, doubt)
      }
    }
    if (boot === 'changed') return this.#restart(datagram, { kind: 'boot', jumpers: 1 })
    if (distance <= 0) return this.#takeBehind(datagram, boot, doubt)
    if (distance <= NEAR_UNITS) return this.#takeForward(datagram, distance, doubt)
    return this.#goAhead(datagram, doubt)
  }

  /** Goes far ahead for now: the next datagrams decide whether it is a loss or a stray. */
  #goAhead(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    this.#run = 0
    this.#early = undefined
    this.jumps.goAhead(datagram, this.#doubtOf(doubt).dissenting)
    this.#advance(datagram)
    return 'undecided'
  }

  #takeForward(datagram: SequencedDatagram, distance: number, doubt: UnitDoubt): SequenceVerdict {
    this.#run = 0
    if (this.jumps.isAway) this.jumps.confirm()
    const { next: from, isNextKnown } = this.#line
    const to = startOf(this.#unit, datagram)
    const isExact = isNextKnown && (distance === 0 || !this.#line.hasOpenStart(datagram))
    if (!isNextKnown) this.#line.closeUndecoded(to)
    else if (isExact && distance > 0) this.#openHoles({ from, to }, this.#doubtOf(doubt))
    else this.#ledger.confirm()
    this.#advance(datagram)
    if (!isExact) return 'indeterminate'
    return distance > 0 ? 'ahead' : 'in-order'
  }

  #openHoles({ from, to }: NumberRange, doubt: UnitDoubt): void {
    const { slack } = this.#line
    const early = this.#early
    this.#early = undefined
    const isPassed = early && ((early.from - from) | 0) >= 0 && ((to - early.to) | 0) >= 0
    if (!isPassed || early.from === to) {
      this.#ledger.open({ from, to, slack }, this.#position, doubt)
      return
    }
    // The numbers have passed over the stray, so it was none.
    this.#counts.strays -= 1
    if (early.from !== from) {
      this.#ledger.open({ from, to: early.from, slack }, this.#position, doubt)
    }
    if (early.to !== to) this.#ledger.open({ from: early.to, to }, this.#position, doubt)
  }

  #doubtOf(doubt: UnitDoubt): UnitDoubt {
    // The dissenting units compare this message with the last one only, not with an earlier one.
    return this.#hasAdvanced ? doubt : { ...doubt, dissenting: ANY_UNIT }
  }

  #takeBehind(datagram: SequencedDatagram, boot: BootVerdict, doubt: UnitDoubt): SequenceVerdict {
    const start = startOf(this.#unit, datagram)
    const behind = -this.#line.distanceOf(datagram)
    if (this.#fill(datagram, doubt)) {
      this.#run = 0
      return this.#line.isBehindEndOf(datagram) ? this.#replaceStray(datagram) : this.#countLate()
    }
    this.#line.forgetUndecoded(start)
    const units = this.#line.hasOpenEnd(datagram) ? 0 : countUnits(this.#unit, datagram)
    const run = this.#noteBehind(start, units)
    const neededRun = boot === 'same' ? RESTART_RUN_SAME_BOOT : RESTART_RUN
    const areLate = behind <= FAR_BEHIND_UNITS
    // A number too small, and too far behind, for a late datagram.
    const isFreshStart = boot !== 'same' && start < NEAR_UNITS && !areLate
    if (run >= neededRun || isFreshStart) {
      // All datagrams of the run but this one were counted as late, or as strays.
      if (areLate) this.#counts.late -= run - 1
      else this.#counts.strays -= run - 1
      return this.#restart(datagram, { kind: 'guess', jumpers: run, areLate })
    }
    if (areLate) return this.#countLate()
    this.#hasAdvanced = false
    this.#counts.strays += 1
    return 'undecided'
  }

  /** Notes a number behind the expected one; returns the length of the run that it continues. */
  #noteBehind(sequence: number, units: number): number {
    // Late messages without records may share a number: only messages that move it make a run.
    if (this.#run === 0 || sequence !== this.#runNext) this.#run = 1
    else if (units > 0) this.#run += 1
    this.#runNext = (sequence + units) >>> 0
    return this.#run
  }

  #fill(datagram: SequencedDatagram, { dissenting }: UnitDoubt): boolean {
    if (this.#line.hasOpenStart(datagram)) {
      return this.#ledger.forgetHole((datagram.sequence - 1) >>> 0)
    }
    const start = startOf(this.#unit, datagram)
    const units = this.#line.hasOpenEnd(datagram) ? undefined : countUnits(this.#unit, datagram)
    const slack = countSlack(this.#unit, datagram)
    return this.#ledger.fill({ start, units, slack, dissenting }, this.#position.count)
  }

  /**
   * Goes on after a late datagram that has expected numbers, too. Messages do not overlap, so the
   * one that seemed to be ahead of it was a stray.
   */
  #replaceStray(datagram: SequencedDatagram): SequenceVerdict {
    this.#counts.strays += 1
    this.#advance(datagram)
    return 'in-order'
  }

  #countLate(): SequenceVerdict {
    this.#hasAdvanced = false
    this.#counts.late += 1
    return 'late'
  }

  #restart(
    datagram: SequencedDatagram,
    jump: { readonly kind: 'boot' | 'guess'; readonly jumpers: number; readonly areLate?: boolean },
  ): SequenceVerdict {
    this.#run = 0
    this.#early = undefined
    this.jumps.restart(jump)
    this.#advance(datagram)
    return 'restart'
  }

  /**
   * Undoes a jump that is not certain yet, if there is one. The datagrams since the jump, including
   * the last one, belong to another numbering.
   */
  comeHome(): void {
    this.#takeBack(this.#position.count + 1)
  }

  #takeBack(count: number): void {
    this.jumps.takeBack(count)
    this.#hasAdvanced = false
  }

  /** Returns the run behind the expected number, for storing. */
  toRun(): StoredRun {
    return [this.#run, this.#runNext]
  }

  /** Restores the result of `toRun`. */
  restoreRun([run, runNext]: StoredRun): void {
    this.#run = run
    this.#runNext = runNext
  }

  #advance(datagram: SequencedDatagram): void {
    this.#boot.follow(datagram)
    this.#cadence.note(datagram.receivedAtMs)
    this.#line.advance(datagram)
    this.#hasAdvanced = true
  }
}
