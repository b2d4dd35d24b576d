/**
 * The last messages of one stream in the order of arrival, so that they can be judged anew when it
 * turns out what the exporter counts. Bounded; it judges nothing.
 */

import { REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'
import { NEAR_UNITS } from './restart-watch.ts'
import type { MessageCounts } from './sequence-unit.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'

/** 64 messages are a few template refreshes of softflowd; 16,384 streams of them cost 160 MB at most. */
const MAX_MESSAGES = 64

/** What a tracker has counted. */
export interface TrackerCounts {
  readonly late: number
  readonly restarts: number
}

/** A message that was heard; its counts grow when its held sets are decoded after all. */
export interface HeardMessage extends SequencedDatagram {
  dataRecords: number
  optionsRecords: number
  undecodedSets: number
  /** What had been counted before it. */
  readonly lateBefore: number
  readonly restartsBefore: number
}

/** A message in the order of its fields; plain JSON. Counts before it are relative to the present. */
export type StoredMessage = readonly [
  sequence: number,
  dataRecords: number,
  optionsRecords: number,
  templateRecords: number,
  undecodedSets: number,
  receivedAtMs: number,
  uptimeMs: number | null,
  fingerprint: number,
  lateBefore: number,
  restartsBefore: number,
]

/** What a held set turned out to hold. */
export interface ReleasedSet extends Pick<MessageCounts, 'dataRecords' | 'optionsRecords'> {
  /** Of the message that it came in. */
  readonly sequence: number
}

/** A message, and those of all before it whose numbers lie beside its own. */
export interface HeardStep {
  readonly message: HeardMessage
  readonly previous: HeardMessage | undefined
  /** Only of a message that was overtaken. */
  readonly next: HeardMessage | undefined
}

export class MessageHistory {
  #messages: HeardMessage[] = []
  /** The last one that was not overtaken. */
  #newest: HeardMessage | undefined
  /** How many of them have sets that are not decoded. */
  #undecoded = 0

  get first(): HeardMessage | undefined {
    return this.#messages[0]
  }

  /** Tells whether there are messages whose records are not all known. */
  get hasUndecoded(): boolean {
    return this.#undecoded > 0
  }

  /** Adds a copy of a datagram. */
  add(datagram: SequencedDatagram, before: TrackerCounts): HeardStep {
    this.#messages.push({
      sequence: datagram.sequence,
      dataRecords: datagram.dataRecords,
      optionsRecords: datagram.optionsRecords,
      templateRecords: datagram.templateRecords,
      undecodedSets: datagram.undecodedSets,
      receivedAtMs: datagram.receivedAtMs,
      uptimeMs: datagram.uptimeMs,
      fingerprint: datagram.fingerprint,
      lateBefore: before.late,
      restartsBefore: before.restarts,
    })
    if (datagram.undecodedSets > 0) this.#undecoded += 1
    if (this.#messages.length > MAX_MESSAGES) this.#dropFirst()
    const step = this.#stepAt(this.#messages.length - 1)
    if (step.next === undefined) this.#newest = step.message
    return step
  }

  /** Forgets all but the newest message, which the next one is compared with. */
  forget(): void {
    if (this.#messages.length === 1 && this.#messages[0] === this.#newest) return
    this.#messages = this.#newest === undefined ? [] : [this.#newest]
    this.#undecoded = (this.#newest?.undecodedSets ?? 0) > 0 ? 1 : 0
  }

  /**
   * Adds the records of a held set to its message.
   *
   * @returns steps that can be compared from now on
   */
  release({ sequence, dataRecords, optionsRecords }: ReleasedSet): readonly HeardStep[] {
    const index = this.#messages.findLastIndex(
      (message) => message.sequence === sequence && message.undecodedSets > 0,
    )
    const message = this.#messages[index]
    if (message === undefined) return []
    message.dataRecords += dataRecords
    message.optionsRecords += optionsRecords
    message.undecodedSets -= 1
    if (message.undecodedSets > 0) return []
    this.#undecoded -= 1
    const steps = [this.#stepAt(index)]
    if (index + 1 < this.#messages.length) steps.push(this.#stepAt(index + 1))
    return steps
  }

  /** Gives all of them, each with the one before it. */
  *steps(): Iterable<HeardStep> {
    for (let index = 0; index < this.#messages.length; index += 1) yield this.#stepAt(index)
  }

  /** Gives the last ones, to be restored when the counters begin at zero again. */
  toArray(present: TrackerCounts, count = MAX_MESSAGES): readonly StoredMessage[] {
    return this.#messages
      .slice(-count)
      .map((message) => [
        message.sequence,
        message.dataRecords,
        message.optionsRecords,
        message.templateRecords,
        message.undecodedSets,
        message.receivedAtMs,
        message.uptimeMs ?? null,
        message.fingerprint,
        message.lateBefore - present.late,
        message.restartsBefore - present.restarts,
      ])
  }

  /** Takes what `toArray` gave. */
  restore(messages: readonly StoredMessage[]): void {
    for (const [sequence, dataRecords, optionsRecords, templateRecords, ...rest] of messages) {
      const [undecodedSets, receivedAtMs, uptimeMs, fingerprint, late, restarts] = rest
      const counts = { dataRecords, optionsRecords, templateRecords, undecodedSets }
      const uptime = { receivedAtMs, uptimeMs: uptimeMs ?? undefined }
      this.add({ sequence, ...counts, ...uptime, fingerprint }, { late, restarts })
    }
  }

  #stepAt(index: number): HeardStep {
    const message = this.#messages[index] as HeardMessage
    let previous: HeardMessage | undefined
    let next: HeardMessage | undefined
    let above = Number.POSITIVE_INFINITY
    let below = NEAR_UNITS
    const earliest = Math.max(0, index - REORDER_WINDOW_DATAGRAMS)
    for (let place = index - 1; place >= earliest; place -= 1) {
      const other = this.#messages[place] as HeardMessage
      const distance = (message.sequence - other.sequence) | 0
      if (distance >= 0 && distance < above) {
        previous = other
        above = distance
      } else if (distance < 0 && -distance < below) {
        next = other
        below = -distance
      }
    }
    return { message, previous, next }
  }

  #dropFirst(): void {
    const first = this.#messages.shift()
    if (first !== undefined && first.undecodedSets > 0) this.#undecoded -= 1
  }
}
