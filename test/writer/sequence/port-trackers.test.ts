import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

/** Sends from all exporters in turn until each has a tracker of its own. */
function split(stream: StreamSequence, exporters: readonly NumberedExporter[]): void {
  for (let round = 0; round < 10; round += 1) {
    for (const [index, exporter] of exporters.entries()) {
      stream.observe(exporter.send({ data: 5 + ((round * 7) % 20) }), 4_000 + index)
    }
  }
  assert.equal(stream.toState().ports?.length, exporters.length)
}

function assertSameJson(stream: StreamSequence, shiftMs: number): void {
  const state = JSON.stringify(stream.toState(shiftMs))
  assert.deepEqual(JSON.parse(stream.toJson(shiftMs)), JSON.parse(state))
}

describe('a stream with a tracker for each port', () => {
  it('has the same state as JSON, of which only what has changed is written anew', () => {
    const kinds = fc.record({
      exporter: fc.nat(3),
      lost: fc.constantFrom(0, 0, 0, 1, 40),
      undecodedSets: fc.constantFrom(0, 0, 0, 1),
      expire: fc.boolean(),
      shiftMs: fc.constantFrom(0, 0, 250),
    })
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 60 }), (steps) => {
        const exporters = [1_000, 500_000, 9_000_000, 70_000_000].map(
          (sequence) => new NumberedExporter({ version: 10, sequence }),
        )
        const stream = new StreamSequence(10)
        split(stream, exporters)
        for (const { exporter: index, lost, undecodedSets, expire, shiftMs } of steps) {
          const exporter = exporters[index] as NumberedExporter
          exporter.lose(lost)
          const datagram = exporter.send({ undecodedSets, undecodedRecords: undecodedSets })
          stream.observe(datagram, 4_000 + index)
          assertSameJson(stream, shiftMs)
          const { sequence, receivedAtMs } = datagram
          if (undecodedSets > 0) stream.release({ sequence, dataRecords: 1, optionsRecords: 0 })
          assertSameJson(stream, shiftMs)
          if (expire) stream.expire(receivedAtMs + 5_000)
          assertSameJson(stream, shiftMs)
        }
        stream.giveUp()
        assertSameJson(stream, 0)
      }),
    )
  })
})
