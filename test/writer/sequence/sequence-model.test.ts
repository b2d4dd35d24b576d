/** Compares the accounting of random streams with a model that knows the fate of every message. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { SequenceUnit } from '../../../writer/sequence/sequence-unit.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { CLEAN, follow, type ModelStream, play, STREAM, TELLING } from './stream-model.ts'

/** Units that exporters use against the standard. */
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

/** Streams whose messages overtake each other before the unit is known. */
const CONFUSING: readonly ModelStream[] = [
  [10, 10, [5, 5], 14, [5, 3], 5, 5, 5, 5, 5],
  [10, 10, 9, 21, [10, 3], 10, 10],
].map((sizes) => ({
  sequence: 0,
  epochs: [0, 1].map(() =>
    sizes.map((size) => {
      const [data = 0, delay = 0] = typeof size === 'number' ? [size] : size
      return { ...CLEAN, data, delay }
    }),
  ),
  writerRestart: 60,
}))

/** Follows datagrams from several ports and returns the loss. */
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

describe('the accounting of an exporter with a unit of its own', () => {
  for (const [version, unit] of ODD_UNITS) {
    it(`equals the model once the unit is known (v${version}, ${unit})`, () => {
      fc.assert(
        fc.property(STREAM, ({ epochs, ...rest }) => {
          const [first = [], ...later] = epochs
          const stream = { ...rest, epochs: [[...TELLING, ...first], ...later] }
          const { arrivals, ...expected } = play(version, stream, unit)
          const counts = follow(version, { arrivals }, stream.writerRestart)
          assert.deepEqual(counts, { ...expected, gaps: expected.lost })
        }),
        { numRuns: 100 },
      )
    })

    it(`shows no gap without loss, from the first message on (v${version}, ${unit})`, () => {
      fc.assert(
        fc.property(STREAM, (stream) => {
          const complete = stream.epochs.map((messages) =>
            messages.map((message) => ({ ...message, isLost: false })),
          )
          const { arrivals } = play(version, { ...stream, epochs: complete }, unit)
          const counts = follow(version, { arrivals, silenceMs: 60_000 }, stream.writerRestart)
          assert.deepEqual([counts.lost, counts.gaps], [0, 0])
        }),
        { numRuns: 100, examples: CONFUSING.map((stream) => [stream]) },
      )
    })
  }
})

describe('the accounting of a random stream', () => {
  for (const version of [5, 9, 10]) {
    it(`equals the model under loss, reordering, duplicates, wraps and restarts (v${version})`, () => {
      fc.assert(
        fc.property(STREAM, (stream) => {
          const { arrivals, ...expected } = play(version, stream)
          const counts = follow(version, { arrivals }, stream.writerRestart)
          assert.deepEqual(counts, { ...expected, gaps: expected.lost })
        }),
        { numRuns: 400 },
      )
    })

    it(`shows no gap without loss (v${version})`, () => {
      fc.assert(
        fc.property(STREAM, (stream) => {
          const complete = stream.epochs.map((messages) =>
            messages.map((message) => ({ ...message, isLost: false })),
          )
          const { arrivals } = play(version, { ...stream, epochs: complete })
          const counts = follow(version, { arrivals }, stream.writerRestart)
          assert.equal(counts.lost, 0)
          assert.equal(counts.gaps, 0)
        }),
        { numRuns: 200 },
      )
    })
  }

  for (const version of [5, 9, 10]) {
    for (const what of ['lost', 'reordered'] as const) {
      it(`does not depend on ports when some datagrams are ${what} (v${version})`, () => {
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

    it(`is the sum over several exporters behind one address (v${version})`, () => {
      fc.assert(
        fc.property(fc.array(STREAM, { minLength: 2, maxLength: 4 }), (streams) => {
          const plays = streams.map(({ epochs: [epoch = []] }, index) =>
            // All send from the first to the last message, and their numbers are far apart.
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

  it('is separate for two source ids of one exporter', () => {
    fc.assert(
      fc.property(STREAM, STREAM, fc.array(fc.boolean()), (one, other, order) => {
        const plays = [play(9, one), play(9, other)] as const
        const sequences = plays.map(() => new StreamSequence(9))
        const queues = plays.map(({ arrivals }) => [...arrivals])
        const turns = [
          ...order.map(Number),
          ...(queues[0]?.map(() => 0) ?? []),
          ...(queues[1]?.map(() => 1) ?? []),
        ]
        for (const turn of turns) {
          const datagram = queues[turn]?.shift()
          const sequence = sequences[turn]
          if (datagram === undefined || sequence === undefined) continue
          if (sequence.isDuplicate(datagram.sequence, datagram.fingerprint, 4_000)) continue
          sequence.observe(datagram, 4_000)
          sequence.expire(datagram.receivedAtMs)
        }
        for (const [index, sequence] of sequences.entries()) {
          sequence.expire(Number.MAX_SAFE_INTEGER)
          assert.equal(sequence.lost, plays[index]?.lost)
        }
      }),
      { numRuns: 100 },
    )
  })
})
