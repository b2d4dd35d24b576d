/**
 * What can come of a datagram, as closed sets of literals: bytes from the network are never
 * exceptional, so nothing here is thrown.
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

/** What can be wrong inside a message whose header was good; the rest of it is still used. */
export type ProblemCode =
  | 'set-overruns-message'
  | 'set-too-short'
  | 'reserved-set-id'
  | 'empty-template'
  | 'zero-length-template'
  | 'template-overruns-set'
  | 'reserved-template-id'
  | 'too-many-fields'
  | 'record-too-long'
  | 'options-template-without-options'
  | 'options-template-without-scope'
  | 'record-overruns-set'
  | 'too-many-records'
  | 'no-template'
  | 'no-room-for-template'
  | 'nonzero-padding'
  | 'counter-out-of-range'
  | 'both-address-families'
  | 'end-before-start'
  | 'malformed-message'
  | 'template-withdrawal'
  | 'contradicting-templates'
  | 'templates-split-by-port'
  | 'swapped-sampling-rate'

export interface Problem {
  readonly code: ProblemCode
  readonly templateId: number
  readonly detail: string
}

/** A template that got another definition, with the number of its fields before and now. */
interface Redefinition {
  readonly templateId: number
  readonly oldFields: number
  readonly newFields: number
}

/** What a set that was held turned out to hold. */
interface ReleasedRecords {
  /** Sequence number of the message that it came in. */
  readonly sequence: number
  readonly dataRecords: number
  /** Of these, options records. */
  readonly optionsRecords: number
}

/** What came of one message; reused for every message. Counts are of this message only. */
export class DecodeResult {
  /**
   * Records of this message that were read, options records included; one with both directions
   * counts once.
   */
  dataRecords = 0
  /** The same of earlier messages' sets that were released. */
  releasedRecords = 0
  /** Of these, options records. */
  releasedOptions = 0
  /** Flow records given to the sink, of released sets too. */
  flowRecords = 0
  /** Options records that were read, of released sets too. */
  optionsRecords = 0
  templateRecords = 0
  /** Data sets that could be decoded, at once. */
  decodedSets = 0
  /** Data sets put aside because their template is unknown. */
  heldSets = 0
  /** Of these, those that are still waiting when the message has been read. */
  waitingSets = 0
  /** Data sets that a template of this message released. */
  releasedSets = 0
  /** Sets (or parts of them) that are malformed. */
  malformedSets = 0
  /**
   * Of these, those that leave it open how many data records this message holds. Of a rejected
   * template or a set with a reserved id it is known: none.
   */
  uncountedSets = 0
  /** Flows whose times are more than 10 min ahead of, or 50 days behind, the receive time. */
  implausibleTimes = 0
  /** Flows of which no sampling rate is known. */
  flowsWithoutRate = 0
  /** The whole message was discarded (RFC 7011 section 9.1): nothing of it was used. */
  isDiscarded = false
  readonly releases: ReleasedRecords[] = []
  /** Earlier messages that released sets came in, one entry a set. */
  readonly releasedMessages: MessageContext[] = []
  problemCount = 0
  readonly problems: Problem[] = []
  /** The first few templates that were redefined. */
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
    this.uncountedSets = 0
    this.implausibleTimes = 0
    this.flowsWithoutRate = 0
    this.isDiscarded = false
    this.problemCount = 0
    empty(this.releases)
    empty(this.releasedMessages)
    empty(this.problems)
    empty(this.redefinitions)
  }

  /** Tells whether there was nothing in the message that could be used, now or later. */
  get isUseless(): boolean {
    if (this.isDiscarded) return true
    const used = this.templateRecords + this.decodedSets + this.heldSets
    return this.malformedSets > 0 && used === 0
  }

  /** Counts a malformed part of the message that may hold data records. */
  countBrokenSet(): void {
    this.malformedSets += 1
    this.uncountedSets += 1
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

/** Most are empty, and setting a length is a call into the engine. */
function empty(list: unknown[]): void {
  if (list.length > 0) list.length = 0
}
