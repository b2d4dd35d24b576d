/** Compares the ledger with a model that knows what happened to every message of random streams. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { SequenceUnit } from '../../../writer/exporters/sequence-unit.ts'
import type { SequencedDatagram } from '../../../writer/exporters/sequenced-datagram.ts'
import {
  StreamSequence,
  type StreamSequenceState,
} from '../../../writer/exporters/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

const MESSAGE = fc.record({
  data: fc.integer({ min: 5, max: 30 }),
  /** Of the data records. */
  options: fc.integer({ min: 0, max: 3 }),
  templates: fc.integer({ min: 0, max: 3 }),
  isLost: fc.boolean().chain((may) => (may ? fc.boolean() : fc.constant(false))),
  /** By how many places it comes too late. */
  delay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8 })),
  isDoubled: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
})
type ModelMessage = typeof MESSAGE extends fc.Arbitrary<infer T> ? T : never

const STREAM = fc.record({
  sequence: fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0xffff_ffc0)),
  /** Every epoch after the first one begins with a reboot. */
  epochs: fc.array(fc.array(MESSAGE, { minLength: 5, maxLength: 60 }), {
    minLength: 1,
    maxLength: 3,
  }),
  /** The writer restarts before this datagram. */
  writerRestart: fc.nat({ max: 60 }),
})
type ModelStream = typeof STREAM extends fc.Arbitrary<infer T> ? T : never

const CLEAN: ModelMessage = {
  data: 10,
  options: 0,
  templates: 0,
  isLost: false,
  delay: 0,
  isDoubled: false,
}

/** What units differ by, without any trouble. */
const TELLING: readonly ModelMessage[] = Array.from({ length: 16 }, (_, index) => ({
  ...CLEAN,
  data: 6 + ((index * 7) % 20),
  options: index % 3,
  templates: index % 4 === 0 ? 2 : 0,
}))

/** What exporters count against the standard. */
const ODD_UNITS: readonly (readonly [version: number, unit: SequenceUnit])[] = [
  [5, 'datagrams'],
  [5, 'flows-inclusive'],
  [9, 'flows'],
  [9, 'records'],
  [9, 'records+templates'],
  [9, 'flows-inclusive'],
  [9, 'records-inclusive'],
  [10, 'flows'],
  [10, 'datagrams'],
  [10, 'records+templates'],
  [10, 'flows-inclusive'],
  [10, 'records-inclusive'],
]

interface Play {
  readonly arrivals: SequencedDatagram[]
  readonly lost: number
  readonly late: number
  readonly duplicates: number
  readonly restarts: number
}

/** Sends a stream and says in which order it arrives, and what the ledger must show. */
function play(version: number, stream: ModelStream, unit?: SequenceUnit): Play {
  const { sequence } = stream
  const options = { version, sequence, intervalMs: 5, ...(unit && { unit }) }
  const exporter = new NumberedExporter(options)
  const total = { arrivals: [] as SequencedDatagram[], lost: 0, late: 0, duplicates: 0 }
  for (const [epoch, messages] of stream.epochs.entries()) {
    // Far from where it was: IPFIX has nothing else to know a restart by.
    if (epoch > 0) exporter.reboot((exporter.sequence - 2_000_000) >>> 0)
    // What was lost before the first message or after the last one leaves no trace.
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
  // The last ones of an epoch come last, as a hole can only be seen from behind it.
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

/** After so long nothing is left open, whatever else the exporter might have counted. */
const HOUR_MS = 3_600_000

/** Follows the arrivals; the writer restarts before the one that is named. */
function follow(
  version: number,
  { arrivals, silenceMs = HOUR_MS }: { readonly silenceMs?: number } & Pick<Play, 'arrivals'>,
  restartAt: number,
) {
  const ledger = { lost: 0, late: 0, duplicates: 0, restarts: 0, gaps: 0 }
  let sequence = new StreamSequence(version)
  const close = () => {
    ledger.lost += sequence.lost ?? Number.NaN
    ledger.late += sequence.late
    ledger.duplicates += sequence.duplicates
    ledger.restarts += sequence.restarts
  }
  for (const [index, datagram] of arrivals.entries()) {
    if (index === restartAt) {
      close()
      const state: StreamSequenceState = JSON.parse(JSON.stringify(sequence.toState()))
      sequence = new StreamSequence(version)
      sequence.restore(state)
    }
    if (sequence.isDuplicate(datagram.sequence, datagram.fingerprint, 4_000)) {
      sequence.countDuplicate()
      continue
    }
    sequence.observe(datagram, 4_000)
    for (const gap of sequence.expire(datagram.receivedAtMs)) ledger.gaps += gap.lost
  }
  const end = arrivals.at(-1)?.receivedAtMs ?? 0
  for (const gap of sequence.expire(end + silenceMs)) ledger.gaps += gap.lost
  close()
  return ledger
}

/** Follows datagrams of several ports and gives what was lost. */
function lostOf(version: number, arrivals: readonly (readonly [number, SequencedDatagram])[]) {
  const stream = new StreamSequence(version)
  for (const [port, datagram] of arrivals) {
    if (stream.isDuplicate(datagram.sequence, datagram.fingerprint, port)) continue
    stream.observe(datagram, port)
    stream.expire(datagram.receivedAtMs)
  }
  stream.expire(Number.MAX_SAFE_INTEGER)
  return stream.lost
}

describe('the ledger of an exporter that counts something of its own', () => {
  for (const [version, unit] of ODD_UNITS) {
    it(`equals the model, too, once it is known what that is (v${version}, ${unit})`, () => {
      fc.assert(
        fc.property(STREAM, ({ epochs, ...rest }) => {
          const [first = [], ...later] = epochs
          const stream = { ...rest, epochs: [[...TELLING, ...first], ...later] }
          const { arrivals, ...expected } = play(version, stream, unit)
          const ledger = follow(version, { arrivals }, stream.writerRestart)
          assert.deepEqual(ledger, { ...expected, gaps: expected.lost })
        }),
        { numRuns: 100 },
      )
    })

    it(`shows no gap when nothing was lost, from the first message on (v${version}, ${unit})`, () => {
      fc.assert(
        fc.property(STREAM, (stream) => {
          const complete = stream.epochs.map((messages) =>
            messages.map((message) => ({ ...message, isLost: false })),
          )
          const { arrivals } = play(version, { ...stream, epochs: complete }, unit)
          const ledger = follow(version, { arrivals, silenceMs: 60_000 }, stream.writerRestart)
          assert.deepEqual([ledger.lost, ledger.gaps], [0, 0])
        }),
        { numRuns: 100 },
      )
    })
  }
})

describe('the ledger of a random stream', () => {
  for (const version of [5, 9, 10]) {
    it(`equals the model under loss, reordering, duplicates, wraps and restarts (v${version})`, () => {
      fc.assert(
        fc.property(STREAM, (stream) => {
          const { arrivals, ...expected } = play(version, stream)
          const ledger = follow(version, { arrivals }, stream.writerRestart)
          assert.deepEqual(ledger, { ...expected, gaps: expected.lost })
        }),
        { numRuns: 400 },
      )
    })

    it(`shows no gap when nothing was lost (v${version})`, () => {
      fc.assert(
        fc.property(STREAM, (stream) => {
          const complete = stream.epochs.map((messages) =>
            messages.map((message) => ({ ...message, isLost: false })),
          )
          const { arrivals } = play(version, { ...stream, epochs: complete })
          const ledger = follow(version, { arrivals }, stream.writerRestart)
          assert.equal(ledger.lost, 0)
          assert.equal(ledger.gaps, 0)
        }),
        { numRuns: 200 },
      )
    })
  }

  for (const version of [5, 9, 10]) {
    for (const what of ['lost', 'reordered'] as const) {
      it(`is the same whatever ports the datagrams come from when some are ${what} (v${version})`, () => {
        const ports = fc.infiniteStream(fc.integer({ min: 4_000, max: 4_003 }))
        fc.assert(
          fc.property(STREAM, ports, ({ epochs: [epoch = []], ...stream }, portOf) => {
            const messages = epoch.map((message) =>
              what === 'lost' ? { ...message, delay: 0 } : { ...message, isLost: false },
            )
            const { arrivals, lost } = play(version, { ...stream, epochs: [messages] })
            const fromPorts = arrivals.map((datagram) => [portOf.next().value, datagram] as const)
            assert.equal(lostOf(version, fromPorts), lost)
          }),
          { numRuns: 200 },
        )
      })
    }

    it(`is the sum of those of several exporters behind one address (v${version})`, () => {
      fc.assert(
        fc.property(fc.array(STREAM, { minLength: 2, maxLength: 4 }), (streams) => {
          const plays = streams.map(({ epochs: [epoch = []] }, index) =>
            // Beside each other from the first to the last message, and far from each other.
            play(version, {
              sequence: (index + 1) * 500_000_000,
              epochs: [[...Array(10).fill(CLEAN), ...epoch, ...Array(60).fill(CLEAN)]],
              writerRestart: 0,
            }),
          )
          const arrivals = plays.flatMap((play, index) =>
            play.arrivals.map((datagram) => [4_000 + index, datagram] as const),
          )
          arrivals.sort(([, one], [, other]) => one.receivedAtMs - other.receivedAtMs)
          const lost = plays.reduce((sum, play) => sum + play.lost, 0)
          assert.equal(lostOf(version, arrivals), lost)
        }),
        { numRuns: 200 },
      )
    })
  }

  it('is kept apart for two source ids of one exporter', () => {
    fc.assert(
      fc.property(STREAM, STREAM, fc.array(fc.boolean()), (one, other, order) => {
        const plays = [play(9, one), play(9, other)] as const
        const ledgers = plays.map(() => new StreamSequence(9))
        const queues = plays.map(({ arrivals }) => [...arrivals])
        const turns = [
          ...order.map(Number),
          ...(queues[0]?.map(() => 0) ?? []),
          ...(queues[1]?.map(() => 1) ?? []),
        ]
        for (const turn of turns) {
          const datagram = queues[turn]?.shift()
          const ledger = ledgers[turn]
          if (datagram === undefined || ledger === undefined) continue
          if (ledger.isDuplicate(datagram.sequence, datagram.fingerprint, 4_000)) continue
          ledger.observe(datagram, 4_000)
          ledger.expire(datagram.receivedAtMs)
        }
        for (const [index, ledger] of ledgers.entries()) {
          ledger.expire(Number.MAX_SAFE_INTEGER)
          assert.equal(ledger.lost, plays[index]?.lost)
        }
      }),
      { numRuns: 100 },
    )
  })
})
