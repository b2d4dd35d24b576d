/** The place of a numbering: its next expected number, as far as it is known. */

import type { ReleasedSet } from './message-history.ts'
import type { NumberRange } from './sequence-hole.ts'
import {
  countSlack,
  countUnits,
  endOf,
  hasSlack,
  isInclusive,
  isIndeterminate,
  type SequenceUnit,
  startOf,
} from './sequence-unit.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'
import { UndecodedMessages } from './undecoded-messages.ts'

/** A place on the line. */
export interface LinePlace {
  readonly next: number
  /** The next message may begin this many numbers before `next`. */
  readonly slack: number
  /** False after a message with undecoded sets: `next` is then only a lower bound. */
  readonly isNextKnown: boolean
}

export class NumberLine {
  readonly unit: SequenceUnit
  readonly #undecoded = new UndecodedMessages()
  #isAnchored = false
  #next = 0
  #slack = 0
  #isNextKnown = true

  constructor(unit: SequenceUnit) {
    this.unit = unit
  }

  /** Whether there is an expected number. */
  get isAnchored(): boolean {
    return this.#isAnchored
  }

  get next(): number {
    return this.#next
  }

  get slack(): number {
    return this.#slack
  }

  get isNextKnown(): boolean {
    return this.#isNextKnown
  }

  get place(): LinePlace {
    return { next: this.#next, slack: this.#slack, isNextKnown: this.#isNextKnown }
  }

  /** The number of messages with undecoded sets that are remembered. */
  get undecoded(): number {
    return this.#undecoded.size
  }

  /** Returns the signed distance of a datagram from the expected number. */
  distanceOf(datagram: SequencedDatagram): number {
    return (startOf(this.unit, datagram) - this.#next) | 0
  }

  /** Whether a datagram has the expected number. */
  expects(datagram: SequencedDatagram): boolean {
    const distance = this.distanceOf(datagram)
    if (distance === 0) return true
    if (distance > 0 || !hasSlack(this.unit)) return false
    return -distance <= (isInclusive(this.unit) ? countSlack(this.unit, datagram) : this.#slack)
  }

  /** Whether undecoded sets hide how many units a datagram holds. */
  hasOpenEnd(datagram: SequencedDatagram): boolean {
    return isIndeterminate(this.unit, datagram)
  }

  /** Whether undecoded sets hide the first number of a datagram. */
  hasOpenStart(datagram: SequencedDatagram): boolean {
    return isInclusive(this.unit) && isIndeterminate(this.unit, datagram)
  }

  /** Whether a datagram has numbers that are still expected. */
  isBehindEndOf(datagram: SequencedDatagram): boolean {
    if (this.hasOpenEnd(datagram) || hasSlack(this.unit)) return false
    return ((endOf(this.unit, datagram) - this.#next) | 0) > 0
  }

  /** Goes on after a datagram. */
  advance(datagram: SequencedDatagram): void {
    const { sequence, undecodedSets } = datagram
    this.#isAnchored = true
    this.#next = endOf(this.unit, datagram)
    this.#slack = isInclusive(this.unit) ? 0 : countSlack(this.unit, datagram)
    this.#isNextKnown = isInclusive(this.unit) || !this.hasOpenEnd(datagram)
    if (this.#isNextKnown) return
    this.#undecoded.add({ sequence, from: this.#next, to: undefined, sets: undecodedSets })
  }

  /** Goes to another place, and forgets the undecoded messages. */
  moveTo({ next, slack, isNextKnown }: LinePlace): void {
    this.#undecoded.clear()
    this.#isAnchored = true
    this.#next = next
    this.#slack = slack
    this.#isNextKnown = isNextKnown
  }

  /** Notes the number of the message after one with undecoded sets. */
  closeUndecoded(to: number): void {
    this.#undecoded.close(to)
  }

  /** Forgets the undecoded messages: all, or that around the number of a late datagram. */
  forgetUndecoded(around?: number): void {
    if (around === undefined) this.#undecoded.clear()
    else this.#undecoded.forgetAround(around)
  }

  /**
   * Adds the records of a held set that is decoded now.
   *
   * @returns the numbers that are missing after its message; undefined when none are, or none are
   *   known; false when no undecoded message has its number
   */
  release(released: ReleasedSet): NumberRange | undefined | false {
    const { sequence } = released
    if (!this.#undecoded.has(sequence)) return false
    const counts = { ...released, templateRecords: 0, dataSets: 0, undecodedSets: 0 }
    const message = this.#undecoded.release(sequence, countUnits(this.unit, counts))
    if (message === undefined) return undefined
    const { from, to } = message
    if (to === undefined) {
      this.#next = from
      this.#isNextKnown = true
      return undefined
    }
    return ((to - from) | 0) > 0 ? { from, to } : undefined
  }
}
