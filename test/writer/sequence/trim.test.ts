/** A sequence that is trimmed frees its memory, keeps its counters, and goes on without a false loss. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

const PORT = 4_000

function observe(stream: StreamSequence, datagrams: readonly SequencedDatagram[], port = PORT) {
  for (const datagram of datagrams) {
    stream.observe(datagram, port)
    stream.expire(datagram.receivedAtMs)
  }
}

/** Lets an attacker split the stream of an exporter into as many ports as there can be. */
function splitUp(stream: StreamSequence, exporter: NumberedExporter): void {
  const { version } = exporter
  const attacker = new NumberedExporter({ version, sequence: 500_000_000 })
  for (let round = 0; round < 6; round += 1) {
    observe(stream, exporter.sendMany(1))
    attacker.nowMs = exporter.nowMs
    observe(stream, attacker.sendMany(1), 5_000)
  }
  for (let port = 5_001; port < 5_064; port += 1) {
    attacker.sequence = port * 1_000_000
    attacker.nowMs = exporter.nowMs
    observe(stream, attacker.sendMany(1), port)
  }
  observe(stream, exporter.sendMany(1))
}

describe('a sequence', () => {
  for (const version of [5, 9, 10]) {
    it(`that nobody disturbs has nothing to trim (v${version})`, () => {
      const exporter = new NumberedExporter({ version })
      const stream = new StreamSequence(version)
      observe(stream, exporter.sendMany(200))
      assert.equal(stream.excessBytes, 0)
      const { next } = stream
      stream.trim()
      assert.equal(stream.next, next)
    })

    it(`that was split is followed as one again when it is trimmed (v${version})`, () => {
      const exporter = new NumberedExporter({ version, sequence: 1_000 })
      const stream = new StreamSequence(version)
      observe(stream, exporter.sendMany(200))
      exporter.lose(3)
      observe(stream, exporter.sendMany(100))
      const lost = stream.lost
      assert.ok(Number(lost) > 0)
      splitUp(stream, exporter)
      assert.ok(stream.excessBytes > 200_000, `${stream.excessBytes} bytes`)
      const { late, duplicates, restarts, strays } = stream
      stream.trim()
      assert.equal(stream.excessBytes, 0)
      assert.ok((stream.toState().ports ?? []).length === 0)
      assert.deepEqual(
        [stream.late, stream.duplicates, stream.restarts],
        [late, duplicates, restarts],
      )
      assert.ok(stream.strays >= strays)
      observe(stream, exporter.sendMany(200))
      assert.deepEqual([stream.lost, stream.next], [lost, exporter.sequence])
    })
  }

  it('of several series keeps their counters and follows one', () => {
    const stream = new StreamSequence(9)
    const cards = [1, 2, 3].map((card) => {
      return new NumberedExporter({ version: 9, sequence: card * 1_000_000_000 })
    })
    for (let round = 0; round < 100; round += 1) {
      for (const card of cards) observe(stream, card.sendMany(1))
    }
    assert.equal(stream.next, null)
    const { late, strays } = stream
    stream.trim()
    assert.deepEqual([stream.late, stream.strays, stream.excessBytes], [late, strays, 0])
    assert.notEqual(stream.next, null)
    for (let round = 0; round < 100; round += 1) {
      for (const card of cards) observe(stream, card.sendMany(1))
    }
    assert.equal(stream.lost, 0)
  })
})
