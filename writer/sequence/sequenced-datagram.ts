/** The facts about a datagram that sequence accounting needs, and the verdicts on it. */

import type { UptimeReading } from './boot-clock.ts'
import type { CountedMessage } from './sequence-unit.ts'

/** One datagram of a stream. The caller may reuse the object, so a callee must not keep it. */
export interface SequencedDatagram extends CountedMessage, UptimeReading {
  /** The result of `fingerprintPayload`. */
  readonly fingerprint: number
}

/**
 * The judgement of a datagram by its sequence number.
 *
 * - `unsequenced`: the stream has no sequence numbers.
 * - `first`: the stream had no expected number yet.
 * - `in-order`: the datagram has the expected number.
 * - `ahead`: numbers before it are still missing.
 * - `late`: its number comes before the expected one, whether or not it fills a hole.
 * - `restart`: the exporter has begun a new numbering.
 * - `indeterminate`: neither loss nor success is counted. The datagram or the one before it holds
 *   an unknown number of records, or the unit of the exporter is in doubt.
 * - `undecided`: later datagrams decide whether it begins a restart or comes from another exporter.
 */
export type SequenceVerdict =
  | 'unsequenced'
  | 'first'
  | 'in-order'
  | 'ahead'
  | 'late'
  | 'restart'
  | 'indeterminate'
  | 'undecided'
