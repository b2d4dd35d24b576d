/**
 * One datagram as far as sequence accounting is concerned, and the closed set of what it can turn
 * out to be. It holds no behaviour.
 */

import type { UptimeReading } from './boot-clock.ts'
import type { CountedMessage } from './sequence-unit.ts'

/** One datagram of a stream; whoever takes it does not keep it, so that it may be reused. */
export interface SequencedDatagram extends CountedMessage, UptimeReading {
  /** What `fingerprintPayload` gives. */
  readonly fingerprint: number
}

/**
 * What a datagram was. `unsequenced`: the stream has no sequence numbers. `ahead`: numbers before
 * it are missing so far. `late`: behind the expected number, whether or not it filled a hole.
 * `indeterminate`: it or the message before it holds an unknown number of records, or it is not
 * clear what the exporter counts, so neither loss nor success is counted. `undecided`: the next
 * datagrams tell whether it begins a restart or belongs to another exporter.
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
