/** Lets a sequence tracker follow the messages of a numbered exporter. */

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

/** Creates an exporter and a tracker of its version. */
export function pair(options: NumberedExporterOptions) {
  return {
    exporter: new NumberedExporter(options),
    tracker: new SequenceTracker(options.version),
  }
}

/** Observes datagrams, and lets the reorder window pass after the last one. */
export function follow(tracker: SequenceTracker, datagrams: readonly SequencedDatagram[]) {
  const verdicts: SequenceVerdict[] = []
  const gaps: SequenceGap[] = []
  let duplicates = 0
  let nowMs = 0
  for (const datagram of datagrams) {
    if (tracker.isDuplicate(datagram.sequence, datagram.fingerprint)) {
      duplicates += 1
      continue
    }
    verdicts.push(tracker.observe(datagram))
    gaps.push(...tracker.expire(datagram.receivedAtMs))
    nowMs = Math.max(nowMs, datagram.receivedAtMs)
  }
  gaps.push(...tracker.expire(nowMs + 3_000))
  return { verdicts, gaps, duplicates }
}

/** Returns gaps without their time. */
export function withoutTime(gaps: readonly SequenceGap[]) {
  return gaps.map(({ expected, received, lost, unit }) => ({ expected, received, lost, unit }))
}

/** Returns the release of a held set with this many flow records. */
export function releaseOf({ sequence }: SequencedDatagram, dataRecords: number): ReleasedSet {
  return { sequence, dataRecords, optionsRecords: 0 }
}
