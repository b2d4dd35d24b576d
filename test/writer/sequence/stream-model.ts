/**
 * A model of one exporter's stream: random messages that are lost, late or doubled, reboots of the
 * exporter, and restarts of the writer. The model knows the counters that the accounting must show.
 */

import fc from 'fast-check'
import type { SequenceUnit } from '../../../writer/sequence/sequence-unit.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import type { StreamSequenceState } from '../../../writer/sequence/stored-sequence.ts'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

const MESSAGE = fc.record({
  data: fc.integer({ min: 5, max: 30 }),
  /** Options data records among `data`. */
  options: fc.integer({ min: 0, max: 3 }),
  templates: fc.integer({ min: 0, max: 3 }),
  isLost: fc.boolean().chain((may) => (may ? fc.boolean() : fc.constant(false))),
  /** By this many places it arrives too late. */
  delay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8 })),
  isDoubled: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
})
export type ModelMessage = typeof MESSAGE extends fc.Arbitrary<infer T> ? T : never

export const STREAM = fc.record({
  sequence: fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0xffff_ffc0)),
  /** Every epoch after the first one begins with a reboot. */
  epochs: fc.array(fc.array(MESSAGE, { minLength: 5, maxLength: 60 }), {
    minLength: 1,
    maxLength: 3,
  }),
  /** The writer restarts before this datagram. */
  writerRestart: fc.nat({ max: 60 }),
})
export type ModelStream = typeof STREAM extends fc.Arbitrary<infer T> ? T : never

export const CLEAN: ModelMessage = {
  data: 10,
  options: 0,
  templates: 0,
  isLost: false,
  delay: 0,
  isDoubled: false,
}

/** Messages without trouble whose counts differ from unit to unit. */
export const TELLING: readonly ModelMessage[] = Array.from({ length: 16 }, (_, index) => ({
  ...CLEAN,
  data: 6 + ((index * 7) % 20),
  options: index % 3,
  templates: index % 4 === 0 ? 2 : 0,
}))

export interface Play {
  readonly arrivals: SequencedDatagram[]
  readonly lost: number
  readonly late: number
  readonly duplicates: number
  readonly restarts: number
}

/** Sends a stream and returns the order of arrival and the expected counters. */
export function play(version: number, stream: ModelStream, unit?: SequenceUnit): Play {
  const { sequence } = stream
  const options = { version, sequence, intervalMs: 5, ...(unit && { unit }) }
  const exporter = new NumberedExporter(options)
  const total = { arrivals: [] as SequencedDatagram[], lost: 0, late: 0, duplicates: 0 }
  for (const [epoch, messages] of stream.epochs.entries()) {
    // The new numbers are far from the old ones: nothing else shows a restart of IPFIX.
    if (epoch > 0) exporter.reboot((exporter.sequence - 2_000_000) >>> 0)
    // A loss before the first message or after the last one leaves no trace.
    const framed = [CLEAN, CLEAN, ...messages, CLEAN, CLEAN]
    addEpoch(exporter, framed, total)
  }
  return { ...total, restarts: stream.epochs.length - 1 }
}

type Total = Omit<Play, 'restarts'> & { lost: number; late: number; duplicates: number }

function addEpoch(exporter: NumberedExporter, messages: readonly ModelMessage[], total: Total) {
  const copies: { place: number; index: number; datagram: SequencedDatagram }[] = []
  for (const [index, message] of messages.entries()) {
    const before = exporter.sequence
    const datagram = exporter.send(exporter.version < 9 ? { ...message, options: 0 } : message)
    const isEdge = index < 2 || index >= messages.length - 2
    if (message.isLost) total.lost += (exporter.sequence - before) >>> 0
    else copies.push({ place: isEdge ? index : index + message.delay, index, datagram })
    if (!message.isLost && message.isDoubled) {
      copies.push({ place: index + message.delay + 3, index, datagram })
      total.duplicates += 1
    }
  }
  // The last messages of an epoch arrive last, because only a later message reveals a hole.
  copies.sort((one, other) => one.place - other.place || one.index - other.index)
  const last = messages.length - 2
  const ordered = [
    ...copies.filter(({ index }) => index < last),
    ...copies.filter(({ index }) => index >= last),
  ]
  let highest = -1
  const seen = new Set<number>()
  for (const { index, datagram } of ordered) {
    if (!seen.has(index) && index < highest) total.late += 1
    seen.add(index)
    highest = Math.max(highest, index)
    const receivedAtMs = total.arrivals.at(-1)?.receivedAtMs ?? 0
    const arrival = Math.max(receivedAtMs, datagram.receivedAtMs)
    total.arrivals.push({ ...datagram, receivedAtMs: arrival })
  }
  exporter.nowMs += 100
}

/** After this time nothing is left open, whichever unit is in doubt. */
const HOUR_MS = 3_600_000

/** Returns the counters after the arrivals; the writer restarts before arrival `restartAt`. */
export function follow(
  version: number,
  { arrivals, silenceMs = HOUR_MS }: { readonly silenceMs?: number } & Pick<Play, 'arrivals'>,
  restartAt: number,
) {
  const counts = { lost: 0, late: 0, duplicates: 0, restarts: 0, gaps: 0 }
  let sequence = new StreamSequence(version)
  const close = () => {
    counts.lost += sequence.lost ?? Number.NaN
    counts.late += sequence.late
    counts.duplicates += sequence.duplicates
    counts.restarts += sequence.restarts
  }
  for (const [index, datagram] of arrivals.entries()) {
    if (index === restartAt) {
      close()
      const state: StreamSequenceState = JSON.parse(sequence.toJson(0))
      sequence = new StreamSequence(version)
      sequence.restore(state)
    }
    if (sequence.isDuplicate(datagram.sequence, datagram.fingerprint, 4_000)) {
      sequence.countDuplicate()
      continue
    }
    sequence.observe(datagram, 4_000)
    for (const gap of sequence.expire(datagram.receivedAtMs)) counts.gaps += gap.lost
  }
  const end = arrivals.at(-1)?.receivedAtMs ?? 0
  for (const gap of sequence.expire(end + silenceMs)) counts.gaps += gap.lost
  close()
  return counts
}
