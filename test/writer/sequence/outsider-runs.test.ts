import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NOON_MS, NumberedExporter } from './numbered-exporter.ts'

const SEQUENCED_VERSIONS = [5, 9, 10]

describe('datagrams that seem to be outsiders', () => {
  for (const version of SEQUENCED_VERSIONS) {
    it(`are the stream's own when its numbers meet them (v${version})`, () => {
      const exporter = new NumberedExporter({ version, sequence: 0 })
      const sent = Array.from({ length: 16 }, () => exporter.send({ data: 5 }))
      // The port and the index of each arrival. The sixth message comes twice.
      const order = [
        ...[
          [4_000, 0],
          [4_002, 1],
          [4_002, 2],
          [4_001, 3],
          [4_003, 4],
          [4_000, 5],
          [4_003, 6],
        ],
        ...[
          [4_001, 7],
          [4_000, 5],
          [4_001, 9],
          [4_000, 13],
          [4_000, 11],
          [4_003, 8],
        ],
        ...[
          [4_003, 10],
          [4_000, 12],
          [4_000, 14],
          [4_001, 15],
        ],
      ] as const
      const arrivals = order.map(([port = 0, index = 0], position) => {
        const datagram = sent[index] as SequencedDatagram
        return [port, { ...datagram, receivedAtMs: NOON_MS + position * 5 }] as const
      })
      const stream = new StreamSequence(version)
      const gaps = arrivals.flatMap(([port, datagram]) => {
        if (stream.isDuplicate(datagram.sequence, datagram.fingerprint, port)) return []
        stream.observe(datagram, port)
        return stream.expire(datagram.receivedAtMs)
      })
      assert.deepEqual([...gaps, ...stream.expire(NOON_MS + 60_000)], [])
      assert.equal(stream.lost, 0)
      assert.equal(stream.strays, 0)
    })
  }
})
