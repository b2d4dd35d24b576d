/** The sequences of all streams share one room, and the exporter with the most makes it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SequenceRoom } from '../../../writer/streams/sequence-room.ts'
import { Stream } from '../../../writer/streams/stream.ts'

function streamOf(exporter: string, observationDomain: number): Stream {
  const exporterBytes = Uint8Array.of(192, 0, 2, 1)
  return new Stream({ exporter, exporterBytes, exportVersion: 9, observationDomain })
}

let fingerprint = 0

function observe({ sequence }: Stream, number: number, port: number): void {
  const counts = { dataRecords: 1, optionsRecords: 0, templateRecords: 0, dataSets: 1 }
  const times = { receivedAtMs: 1_000, wallMs: 1_000, uptimeMs: undefined }
  fingerprint += 1
  sequence.observe({ ...counts, ...times, undecodedSets: 0, sequence: number, fingerprint }, port)
}

/** Splits a stream into many ports. */
function split(stream: Stream): void {
  for (let number = 0; number < 10; number += 1) {
    observe(stream, number, 4_000)
    observe(stream, 1_000_000 + number, 4_001)
  }
  for (let port = 4_002; port < 4_064; port += 1) observe(stream, port * 100_000, port)
}

describe('the room of all sequences', () => {
  it('is made by streams of the exporter that holds the most, and those of others stay', () => {
    const room = new SequenceRoom(5_000_000)
    const victim = streamOf('192.0.2.1', 0)
    split(victim)
    assert.deepEqual(room.measure(victim), [])
    const held = victim.sequence.excessBytes
    const trimmed = new Set<Stream>()
    for (let domain = 0; domain < 100; domain += 1) {
      const stream = streamOf('10.0.0.1', domain)
      split(stream)
      for (const one of room.measure(stream)) trimmed.add(one)
      assert.ok(room.bytes <= 5_000_000)
    }
    assert.ok(trimmed.size > 50)
    assert.ok([...trimmed].every(({ key }) => key.exporter === '10.0.0.1'))
    assert.equal(victim.sequence.excessBytes, held)
    room.forget(victim)
    assert.ok(room.bytes <= 5_000_000 - held)
  })
})
