/** Lets a sequence tracker follow what a numbered exporter sends, and gives what it found. */

import type { SequenceGap } from '../../../writer/sequence/gap-ledger.ts'
import type { ReleasedSet } from '../../../writer/sequence/message-history.ts'
import { SequenceTracker } from '../../../writer/sequence/sequence-tracker.ts'
import type {
  SequencedDatagram,
  SequenceVerdict,
} from '../../../writer/sequence/sequenced-datagram.ts'
import { NumberedExporter, type NumberedExporterOptions } from './numbered-exporter.ts'

export const FLOW_VERSIONS = [5, 6, 7, 8]
export const SEQUENCED_VERSIONS = [...FLOW_VERSIONS, 9, 10]

/** An exporter, and the tracker of its version. */
export function pair(options: NumberedExporterOptions) {
  return {
    exporter: new NumberedExporter(options),
    tracker: new SequenceTracker(options.version),
  }
}

/** Observes datagrams and lets the window pass after the last one. */
export function follow(tracker: SequenceTracker, datagrams: readonly SequencedDatagram[]) {
  const outcomes: SequenceVerdict[] = []
  const gaps: SequenceGap[] = []
  let nowMs = 0
  for (const datagram of datagrams) {
    if (tracker.isDuplicate(datagram.sequence, datagram.fingerprint)) {
      tracker.countDuplicate()
      continue
    }
    outcomes.push(tracker.observe(datagram))
    gaps.push(...tracker.expire(datagram.receivedAtMs))
    nowMs = Math.max(nowMs, datagram.receivedAtMs)
  }
  gaps.push(...tracker.expire(nowMs + 3_000))
  return { outcomes, gaps }
}

export function withoutTime(gaps: readonly SequenceGap[]) {
  return gaps.map(({ expected, received, lost, unit }) => ({ expected, received, lost, unit }))
}

/** What a set of flows that was held turns out to hold. */
export function releaseOf({ sequence }: SequencedDatagram, dataRecords: number): ReleasedSet {
  return { sequence, dataRecords, optionsRecords: 0 }
}
