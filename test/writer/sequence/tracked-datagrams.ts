/** Sends numbered datagrams and follows a tracker through them. */

import type { SequenceTracker } from '../../../writer/sequence/sequence-tracker.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import type { NumberedExporter } from './numbered-exporter.ts'

/** Lets a tracker observe the datagrams and a minute of silence. @returns the gaps it declared */
export function follow(tracker: SequenceTracker, datagrams: readonly SequencedDatagram[]) {
  const gaps = datagrams.flatMap((datagram) => {
    tracker.observe(datagram)
    return tracker.expire(datagram.receivedAtMs)
  })
  const last = datagrams.at(-1)?.receivedAtMs ?? 0
  return [...gaps, ...tracker.expire(last + 60_000)]
}

/** Sends messages of changing size; every tenth has two templates and an options data record. */
export function sendVaried(exporter: NumberedExporter, count: number): SequencedDatagram[] {
  return Array.from({ length: count }, (_, index) =>
    exporter.send({
      data: 5 + ((index * 7) % 20),
      templates: index % 10 === 0 ? 2 : 0,
      options: index % 10 === 0 ? 1 : 0,
      sets: 1 + ((index * 5) % 3),
    }),
  )
}
