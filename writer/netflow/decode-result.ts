/**
 * The result of decoding one message. Reasons and problems are closed sets of literals: bytes from
 * the network are never exceptional, so nothing is thrown.
 */

import type { MessageContext } from './flow-record.ts'
import { MAX_REPORTED_PROBLEMS } from './limits.ts'

/** Why a whole datagram is rejected. */
export type RejectReason =
  | 'too-short'
  | 'unsupported-version'
  | 'unsupported-aggregation'
  | 'count-exceeds-length'
  | 'malformed-message'
  | 'no-usable-set'

/** A problem inside a message with a good header; the rest of the message is still used. */
export const PROBLEM_CODES = [
  'set-overruns-message',
  'set-too-short',
  'reserved-set-id',
  'empty-template',
  'zero-length-template',
  'template-overruns-set',
  'reserved-template-id',
  'too-many-fields',
  'record-too-long',
  'options-template-without-options',
  'options-template-without-scope',
  'record-overruns-set',
  'too-many-records',
  'no-template',
  'no-room-for-template',
  'nonzero-padding',
  'counter-out-of-range',
  'both-address-families',
  'end-before-start',
  'malformed-message',
  'template-withdrawal',
  'contradicting-templates',
  'templates-split-by-port',
  'swapped-sampling-rate',
  'second-message',
  'trailing-bytes',
  'over-budget',
] as const

export type ProblemCode = (typeof PROBLEM_CODES)[number]

export interface Problem {
  readonly code: ProblemCode
  readonly templateId: number
  readonly detail: string
}

/** A redefined template, with the number of its fields before and after. */
interface Redefinition {
  readonly templateId: number
  readonly oldFields: number
  readonly newFields: number
}

/** The records of a released set. */
interface ReleasedRecords {
  /** Sequence number of the message that carried the set. */
  readonly sequence: number
  readonly dataRecords: number
  /** Of these, options records. */
  readonly optionsRecords: number
}

/** The result of one message; reused for every message. It counts this message only. */
export class DecodeResult {
  /** Records read from this message, options records included; a biflow counts once. */
  dataRecords = 0
  /** Records read from released sets of earlier messages. */
  releasedRecords = 0
  /** Of these, options records. */
  releasedOptions = 0
  /** Flow records passed to the sink, those of released sets included. */
  flowRecords = 0
  /** Options records read, those of released sets included. */
  optionsRecords = 0
  templateRecords = 0
  /** Data sets decoded on arrival. */
  decodedSets = 0
  /** Data sets held because their template is unknown. */
  heldSets = 0
  /** Held sets of this message that still wait after it has been read. */
  waitingSets = 0
  /** Data sets that a template of this message released. */
  releasedSets = 0
  /** Malformed sets, or parts of sets. */
  malformedSets = 0
  /** Sets and templates that were not read, because their exporter is over its budget. */
  refusedSets = 0
  /** Data sets among `refusedSets`. */
  refusedDataSets = 0
  /**
   * Malformed or refused sets with an unknown number of data records. A rejected template or a set with a
   * reserved id is not counted here: it has none.
   */
  uncountedSets = 0
  /** Flows with a time more than 10 min after or 50 days before the receive time. */
  implausibleTimes = 0
  /** Flows without a known sampling rate. */
  flowsWithoutRate = 0
  /** Bytes after the end of the message, which are not decoded; zeros do not count. */
  trailingBytes = 0
  /** Whether the whole message was discarded unused (RFC 7011 section 9.1). */
  isDiscarded = false
  readonly releases: ReleasedRecords[] = []
  /** The messages of released sets of earlier messages, one entry a set. */
  readonly releasedMessages: MessageContext[] = []
  problemCount = 0
  readonly problems: Problem[] = []
  /** The first templates that were redefined, at most `MAX_REPORTED_PROBLEMS`. */
  readonly redefinitions: Redefinition[] = []

  clear(): void {
    this.dataRecords = 0
    this.releasedRecords = 0
    this.releasedOptions = 0
    this.flowRecords = 0
    this.optionsRecords = 0
    this.templateRecords = 0
    this.decodedSets = 0
    this.heldSets = 0
    this.waitingSets = 0
    this.releasedSets = 0
    this.malformedSets = 0
    this.refusedSets = 0
    this.refusedDataSets = 0
    this.uncountedSets = 0
    this.implausibleTimes = 0
    this.flowsWithoutRate = 0
    this.trailingBytes = 0
    this.isDiscarded = false
    this.problemCount = 0
    empty(this.releases)
    empty(this.releasedMessages)
    empty(this.problems)
    empty(this.redefinitions)
  }

  /** Whether nothing in the message can be used, now or later. */
  get isUseless(): boolean {
    if (this.isDiscarded) return true
    const used = this.templateRecords + this.decodedSets + this.heldSets
    return this.malformedSets > 0 && used === 0
  }

  /** Whether nothing of the message was read. */
  get isEmpty(): boolean {
    return this.flowRecords + this.optionsRecords + this.templateRecords + this.heldSets === 0
  }

  /** Counts a malformed part of the message that may hold data records. */
  countBrokenSet(): void {
    this.malformedSets += 1
    this.uncountedSets += 1
  }

  /** Notes that a data set is not read, because its exporter is over its budget. */
  refuseData(templateId: number, detail: string): void {
    this.refusedDataSets += 1
    this.refuse(templateId, detail)
  }

  /** Notes that a set or template is not read, because its exporter is over its budget. */
  refuse(templateId: number, detail: string): void {
    this.refusedSets += 1
    this.report('over-budget', templateId, detail)
  }

  report(code: ProblemCode, templateId: number, detail: string): void {
    this.problemCount += 1
    if (this.problems.length < MAX_REPORTED_PROBLEMS) {
      this.problems.push({ code, templateId, detail })
    }
  }

  noteRedefinition(templateId: number, oldFields: number, newFields: number): void {
    if (this.redefinitions.length < MAX_REPORTED_PROBLEMS) {
      this.redefinitions.push({ templateId, oldFields, newFields })
    }
  }
}

/** Skips empty lists, which most are: setting a length is a call into the engine. */
function empty(list: unknown[]): void {
  if (list.length > 0) list.length = 0
}
