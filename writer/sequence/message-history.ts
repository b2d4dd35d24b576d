/**
 * The last messages of one stream in the order of arrival. They are judged again when the real unit
 * of the exporter becomes known.
 */

import { NEAR_UNITS, REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'
import type { MessageCounts } from './sequence-unit.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'

/**
 * Beyond this, the oldest message is forgotten. 64 messages span several template refreshes of
 * softflowd. With 16,384 streams they take 160 MB at most.
 */
const MAX_HEARD_MESSAGES = 64

/** Counters of a tracker that a change of the unit takes back. */
interface TrackerCounts {
  readonly late: number
  readonly restarts: number
  readonly strays: number
}

/** A message that was heard; its counts grow when its held sets are decoded later. */
export interface HeardMessage extends SequencedDatagram {
  dataRecords: number
  optionsRecords: number
  undecodedSets: number
  /** Counters of the tracker before this message. */
  readonly lateBefore: number
  readonly restartsBefore: number
  readonly straysBefore: number
}

/** A message as plain JSON. The counters before it are relative to those at storing time. */
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
  wallMs?: number,
  dataSets?: number,
  straysBefore?: number,
]

/** The records of a held set that is decoded now. */
export interface ReleasedSet extends Pick<MessageCounts, 'dataRecords' | 'optionsRecords'> {
  /** The sequence number of the message that the set came in. */
  readonly sequence: number
}

/** A message and its neighbours by number, among the messages that arrived before it. */
export interface HeardStep {
  readonly message: HeardMessage
  readonly previous: HeardMessage | undefined
  /** Undefined unless the message was overtaken. */
  readonly next: HeardMessage | undefined
}

export class MessageHistory {
  #messages: HeardMessage[] = []
  /** The last message that was not overtaken. */
  #newest: HeardMessage | undefined
  /** The number of messages with undecoded sets. */
  #undecoded = 0

  get size(): number {
    return this.#messages.length
  }

  /** The oldest message. */
  get first(): HeardMessage | undefined {
    return this.#messages[0]
  }

  /** Whether a message has undecoded sets. */
  get hasUndecoded(): boolean {
    return this.#undecoded > 0
  }

  /** Adds a copy of a datagram and returns it with its neighbours. */
  add(datagram: SequencedDatagram, before: TrackerCounts): HeardStep {
    this.#messages.push({
      sequence: datagram.sequence,
      dataRecords: datagram.dataRecords,
      optionsRecords: datagram.optionsRecords,
      templateRecords: datagram.templateRecords,
      dataSets: datagram.dataSets,
      undecodedSets: datagram.undecodedSets,
      receivedAtMs: datagram.receivedAtMs,
      wallMs: datagram.wallMs,
      uptimeMs: datagram.uptimeMs,
      fingerprint: datagram.fingerprint,
      lateBefore: before.late,
      restartsBefore: before.restarts,
      straysBefore: before.strays,
    })
    if (datagram.undecodedSets > 0) this.#undecoded += 1
    if (this.#messages.length > MAX_HEARD_MESSAGES) this.#dropFirst()
    const step = this.#stepAt(this.#messages.length - 1)
    if (step.next === undefined) this.#newest = step.message
    return step
  }

  /** Forgets all messages but the newest, which the next message is compared with. */
  forget(): void {
    if (this.#messages.length === 1 && this.#messages[0] === this.#newest) return
    this.#messages = this.#newest === undefined ? [] : [this.#newest]
    this.#undecoded = (this.#newest?.undecodedSets ?? 0) > 0 ? 1 : 0
  }

  /**
   * Adds the records of a held set to its message.
   *
   * @returns steps that can be compared now, because all sets of the message are decoded
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

  /** Iterates over all messages with their neighbours, in the order of arrival. */
  *steps(): Iterable<HeardStep> {
    for (let index = 0; index < this.#messages.length; index += 1) yield this.#stepAt(index)
  }

  /**
   * Returns the last messages for storing.
   *
   * @param present the counters now: the stored ones are relative to them, as a restored tracker
   *   begins at zero
   */
  toArray(
    present: TrackerCounts,
    {
      count = MAX_HEARD_MESSAGES,
      shiftMs = 0,
    }: { readonly count?: number; readonly shiftMs?: number },
  ): readonly StoredMessage[] {
    return this.#messages
      .slice(-count)
      .map((message) => [
        message.sequence,
        message.dataRecords,
        message.optionsRecords,
        message.templateRecords,
        message.undecodedSets,
        message.receivedAtMs + shiftMs,
        message.uptimeMs ?? null,
        message.fingerprint,
        message.lateBefore - present.late,
        message.restartsBefore - present.restarts,
        message.wallMs,
        message.dataSets,
        message.straysBefore - present.strays,
      ])
  }

  /** Restores the result of `toArray`. */
  restore(messages: readonly StoredMessage[]): void {
    for (const [sequence, dataRecords, optionsRecords, templateRecords, ...rest] of messages) {
      const [undecodedSets, receivedAtMs, uptimeMs, fingerprint, late, restarts, ...more] = rest
      const [wallMs = receivedAtMs, dataSets = 1, strays = 0] = more
      const counts = { dataRecords, optionsRecords, templateRecords, dataSets, undecodedSets }
      const uptime = { receivedAtMs, wallMs, uptimeMs: uptimeMs ?? undefined }
      this.add({ sequence, ...counts, ...uptime, fingerprint }, { late, restarts, strays })
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
