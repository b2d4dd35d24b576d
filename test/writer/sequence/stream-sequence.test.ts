/** Tests how one stream is followed when its datagrams come from several source ports. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SequenceGap } from '../../../writer/sequence/gap-ledger.ts'
import { MAX_PORTS } from '../../../writer/sequence/port-trackers.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

const SEQUENCED_VERSIONS = [5, 9, 10]

type Arrival = readonly [port: number, datagram: SequencedDatagram]

function follow(stream: StreamSequence, arrivals: readonly Arrival[]) {
  const verdicts: string[] = []
  const gaps: SequenceGap[] = []
  for (const [port, datagram] of arrivals) {
    if (stream.isDuplicate(datagram.sequence, datagram.fingerprint, port)) {
      stream.countDuplicate()
      continue
    }
    verdicts.push(stream.observe(datagram, port))
    gaps.push(...stream.expire(datagram.receivedAtMs))
  }
  gaps.push(...stream.expire((arrivals.at(-1)?.[1].receivedAtMs ?? 0) + 60_000))
  return { verdicts, gaps, lost: gaps.reduce((sum, gap) => sum + gap.lost, 0) }
}

/** Sends from several exporters in turn; the first one uses port 4000. */
function interleave(exporters: readonly NumberedExporter[], rounds: number): Arrival[] {
  const arrivals: Arrival[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, exporter] of exporters.entries()) {
      arrivals.push([4_000 + index, exporter.send({ data: 5 + ((round * 7) % 20) })])
    }
  }
  return arrivals
}

describe('several exporters behind one address', () => {
  for (const version of SEQUENCED_VERSIONS) {
    for (const starts of [
      [1_000, 500_000],
      [1_000, 1_000],
      [1_000, 1_003],
      [900, 3_000_000_000, 70_000_000, 42],
    ]) {
      for (const intervalMs of [1, 5_000]) {
        const title = `v${version} from ${starts.join(' and ')}, every ${intervalMs} ms`
        it(`are distinguished by their ports without a false gap: ${title}`, () => {
          const exporters = starts.map(
            (sequence) => new NumberedExporter({ version, sequence, intervalMs }),
          )
          const stream = new StreamSequence(version)
          assert.deepEqual(follow(stream, interleave(exporters, 40)).gaps, [])
          assert.equal(stream.lost, 0)
          assert.equal(stream.restarts, 0)
          assert.equal(stream.next, null)
          const notice = stream.takeNotice()
          assert.equal(notice?.kind, 'several-exporters')
          assert.equal(stream.takeNotice(), undefined)
        })
      }
    }

    it(`have their loss counted separately (v${version})`, () => {
      const exporters = [1_000, 500_000].map(
        (sequence) => new NumberedExporter({ version, sequence }),
      )
      const stream = new StreamSequence(version)
      const arrivals = interleave(exporters, 10)
      exporters[0]?.lose(1, { data: 7 })
      arrivals.push(...interleave(exporters, 10))
      exporters[1]?.lose(2, { data: 7 })
      arrivals.push(...interleave(exporters, 10))
      const { lost, gaps } = follow(stream, arrivals)
      assert.equal(gaps.length, 2)
      assert.equal(lost, version === 9 ? 3 : 21)
      assert.equal(stream.lost, lost)
    })

    it(`are distinguished although one sends in bursts (v${version})`, () => {
      const slow = new NumberedExporter({ version, sequence: 1_000, intervalMs: 1_000 })
      const bursting = new NumberedExporter({ version, sequence: 500_000, intervalMs: 1 })
      const stream = new StreamSequence(version)
      const arrivals: Arrival[] = slow.sendMany(5).map((datagram) => [4_000, datagram] as const)
      for (let round = 0; round < 10; round += 1) {
        bursting.nowMs = slow.nowMs
        for (const datagram of bursting.sendMany(3)) arrivals.push([4_001, datagram])
        arrivals.push([4_000, slow.send()])
      }
      assert.deepEqual(follow(stream, arrivals).gaps, [])
      assert.equal(stream.restarts, 0)
      assert.equal(stream.takeNotice()?.kind, 'several-exporters')
    })
  }

  it('stay distinguished after a restart of the writer', () => {
    const exporters = [1_000, 500_000].map(
      (sequence) => new NumberedExporter({ version: 10, sequence }),
    )
    const stream = new StreamSequence(10)
    follow(stream, interleave(exporters, 10))
    const restored = new StreamSequence(10)
    restored.restore(JSON.parse(JSON.stringify(stream.toState())))
    exporters[1]?.lose(1)
    const { lost } = follow(restored, interleave(exporters, 10))
    assert.equal(lost, 10)
    assert.equal(restored.takeNotice(), undefined)
  })

  it('are followed up to a limit, and the counters of forgotten ones stay in the sum', () => {
    const exporters = [1_000, 500_000].map(
      (sequence) => new NumberedExporter({ version: 10, sequence }),
    )
    const stream = new StreamSequence(10)
    follow(stream, interleave(exporters, 10))
    exporters[1]?.lose(1)
    follow(stream, interleave(exporters, 2))
    const many = Array.from({ length: 2 * MAX_PORTS }, (_, index) => {
      const exporter = new NumberedExporter({ version: 10, sequence: index * 9_999 })
      exporter.nowMs += 1_000_000
      return [5_000 + index, exporter.send()] as const
    })
    assert.deepEqual(follow(stream, many).gaps, [])
    assert.equal(stream.lost, 10)
    assert.equal(stream.toState().ports?.length, MAX_PORTS)
  })
})

describe('one exporter', () => {
  for (const version of SEQUENCED_VERSIONS) {
    it(`that sends from several ports in turn is one stream (v${version})`, () => {
      const exporter = new NumberedExporter({ version })
      const stream = new StreamSequence(version)
      const arrivals: Arrival[] = []
      for (let index = 0; index < 100; index += 1) {
        if (index % 30 === 17) exporter.lose(1)
        arrivals.push([4_000 + (index % 3), exporter.send()])
      }
      // A few datagrams overtake each other.
      for (let index = 5; index + 1 < arrivals.length; index += 13) {
        const [one, other] = [arrivals[index], arrivals[index + 1]]
        if (one && other) arrivals.splice(index, 2, other, one)
      }
      const { lost } = follow(stream, arrivals)
      assert.equal(lost, version === 9 ? 3 : 30)
      assert.equal(stream.takeNotice(), undefined)
      assert.equal(stream.next, exporter.sequence)
    })

    it(`that restarts on a new port has restarted (v${version})`, () => {
      const exporter = new NumberedExporter({ version, sequence: 900_000 })
      const stream = new StreamSequence(version)
      const before = exporter.sendMany(10).map((datagram) => [4_000, datagram] as const)
      exporter.reboot(0)
      const after = exporter.sendMany(10).map((datagram) => [4_001, datagram] as const)
      const { verdicts, gaps } = follow(stream, [...before, ...after])
      // Without an uptime, only the second message rules out another exporter.
      const expected = version === 10 ? ['undecided', 'restart'] : ['restart', 'in-order']
      assert.deepEqual(verdicts.slice(10, 12), expected)
      assert.deepEqual(gaps, [])
      assert.equal(stream.restarts, 1)
      assert.equal(stream.takeNotice(), undefined)
    })

    it(`that goes on from a new port after a loss has that loss declared (v${version})`, () => {
      const exporter = new NumberedExporter({ version })
      const stream = new StreamSequence(version)
      const before = exporter.sendMany(10).map((datagram) => [4_000, datagram] as const)
      exporter.lose(40)
      const after = exporter.sendMany(10).map((datagram) => [4_001, datagram] as const)
      const { lost } = follow(stream, [...before, ...after])
      assert.equal(lost, version === 9 ? 40 : 400)
      assert.equal(stream.restarts, 0)
      assert.equal(stream.takeNotice(), undefined)
    })
  }

  it('has its loss declared when each datagram has another port and no more come', () => {
    for (const version of SEQUENCED_VERSIONS) {
      for (const before of [2, 5]) {
        const exporter = new NumberedExporter({ version })
        const stream = new StreamSequence(version)
        const arrivals = exporter
          .sendMany(before)
          .map((datagram, index) => [4_000 + index, datagram] as const)
        exporter.lose(2)
        const { lost } = follow(stream, [...arrivals, [5_000, exporter.send()]])
        assert.equal(lost, version === 9 ? 2 : 20)
      }
    }
  })

  it('is one stream again soon after a coincidence made it look like two', () => {
    const exporter = new NumberedExporter({ version: 9, sequence: 0 })
    const stream = new StreamSequence(9)
    const sent = exporter.sendMany(18)
    const take = (port: number, ...numbers: number[]) =>
      numbers.map((number) => [port, sent[number] as SequencedDatagram] as const)
    const byChance = [...take(1, 0, 1, 2, 3), ...take(2, 6, 7), ...take(1, 4)]
    for (const [port, datagram] of [...byChance, ...take(2, 8, 9, 10, 11)]) {
      stream.observe(datagram, port)
    }
    assert.equal(stream.toState().ports?.length, 2)
    const inTurn = [12, 13, 14, 15, 16, 17].flatMap((number) => take(1 + (number % 2), number))
    assert.deepEqual(follow(stream, inTurn).gaps, [])
    assert.equal(stream.toState().ports, undefined)
    exporter.lose(3)
    assert.equal(follow(stream, [[1, exporter.send()]]).lost, 3)
  })

  it('has a duplicate of an undecided datagram recognised', () => {
    const exporter = new NumberedExporter({ version: 10, sequence: 900_000 })
    const stream = new StreamSequence(10)
    const before = exporter.sendMany(10).map((datagram) => [4_000, datagram] as const)
    exporter.reboot(0)
    const first = exporter.send()
    follow(stream, [...before, [4_001, first], [4_001, first], [4_001, exporter.send()]])
    assert.equal(stream.duplicates, 1)
    assert.equal(stream.restarts, 1)
  })

  it('has a held set released without its port', () => {
    const exporter = new NumberedExporter({ version: 10 })
    const stream = new StreamSequence(10)
    const held = exporter.send({ data: 0, undecodedSets: 1, undecodedRecords: 9 })
    stream.observe(held, 4_000)
    assert.equal(stream.next, null)
    stream.release({ sequence: held.sequence, dataRecords: 9, optionsRecords: 0 })
    assert.equal(stream.next, exporter.sequence)
  })

  it('without sequence numbers has no loss, whatever its ports', () => {
    const exporter = new NumberedExporter({ version: 1 })
    const stream = new StreamSequence(1)
    const arrivals = exporter.sendMany(10).map((datagram, index) => [index, datagram] as const)
    const { verdicts } = follow(stream, arrivals)
    assert.deepEqual(verdicts, Array(10).fill('unsequenced'))
    assert.equal(stream.lost, null)
  })
})

describe('the aggregation caches of v8', () => {
  const SCHEMES = [1, 3, 14]

  it('have their loss counted separately when each has its own numbers', () => {
    const caches = SCHEMES.map(
      (scheme) => new NumberedExporter({ version: 8, sequence: scheme * 100_000 }),
    )
    const stream = new StreamSequence(8)
    const send = (rounds: number): Arrival[] =>
      Array.from({ length: rounds }, () =>
        SCHEMES.map(
          (scheme, index) => [scheme, caches[index]?.send() as SequencedDatagram] as const,
        ),
      ).flat()
    const arrivals = send(10)
    caches[2]?.lose(1, { data: 8 })
    const { lost } = follow(stream, [...arrivals, ...send(10)])
    assert.equal(lost, 8)
    assert.equal(stream.restarts, 0)
    assert.equal(stream.takeNotice(), undefined)
  })

  it('are one stream when they share their numbers', () => {
    const exporter = new NumberedExporter({ version: 8 })
    const stream = new StreamSequence(8)
    const arrivals = exporter
      .sendMany(60)
      .map((datagram, index) => [SCHEMES[index % 3] ?? 1, datagram] as const)
    assert.deepEqual(follow(stream, arrivals).gaps, [])
    assert.equal(stream.next, exporter.sequence)
  })
})
