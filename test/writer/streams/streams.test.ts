/** Tests how many streams are followed, and which are forgotten. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TemplateRow } from '../../../writer/load/tables/templates.ts'
import { MAX_STREAMS_PER_EXPORTER } from '../../../writer/netflow/limits.ts'
import { RestoredMemory } from '../../../writer/streams/restored-memory.ts'
import type { Stream } from '../../../writer/streams/stream.ts'
import { type StoredStream, Streams } from '../../../writer/streams/streams.ts'

const EXPORTER = { address: '192.0.2.1', bytes: Uint8Array.of(192, 0, 2, 1) }
const OTHER = { address: '192.0.2.2', bytes: Uint8Array.of(192, 0, 2, 2) }

function header(observationDomain: number) {
  return { exportVersion: 9, observationDomain }
}

function streamRow(observationDomain: number): StoredStream {
  return {
    exporter: EXPORTER.address,
    ...header(observationDomain),
    sequenceState: { unit: 'datagrams', next: observationDomain * 100 },
  }
}

function templateOf(observationDomain: number): TemplateRow {
  return {
    exporter: EXPORTER.address,
    ...header(observationDomain),
    templateId: 256,
    sourcePort: 0,
    kind: 'flows',
    fields: [[0, 1, 4]],
    ports: [],
    contradicted: false,
    scopeFields: 0,
    status: 'confirmed',
    firstSeenMicros: 1,
    definedMicros: 1,
    lastSeenMicros: 1,
    redefinitions: 0,
    definitionHash: '',
    previousHash: null,
    refreshMs: null,
  }
}

/** Finds a stream whose exporter is within its budget. */
function find(streams: Streams, exporter: typeof EXPORTER, domain: number): Stream {
  const stream = streams.find(exporter, header(domain))
  assert.ok(stream)
  return stream
}

/** The domains of the streams that have made room since the last call. */
function leavingOf(streams: Streams): readonly number[] {
  return streams.takeLeaving().map(({ key }) => key.observationDomain)
}

describe('streams', () => {
  it('of an exporter at its limit make room, the longest silent one first', () => {
    const streams = new Streams([])
    const first = find(streams, OTHER, 0)
    for (let domain = 0; domain < MAX_STREAMS_PER_EXPORTER; domain++) {
      find(streams, EXPORTER, domain)
    }
    for (let domain = MAX_STREAMS_PER_EXPORTER - 1; domain >= 0; domain--) {
      find(streams, EXPORTER, domain)
    }
    assert.deepEqual(leavingOf(streams), [])
    for (const domain of [5_000, 5_001]) {
      for (let datagram = 0; datagram < 2; datagram++) find(streams, EXPORTER, domain)
    }
    assert.deepEqual(leavingOf(streams), [
      MAX_STREAMS_PER_EXPORTER - 1,
      MAX_STREAMS_PER_EXPORTER - 2,
    ])
    assert.equal(find(streams, OTHER, 0), first)
    assert.equal(streams.size, MAX_STREAMS_PER_EXPORTER + 1)
  })

  it('of all exporters make room, the longest silent one first', () => {
    const streams = new Streams([], undefined, 3)
    const first = find(streams, EXPORTER, 0)
    find(streams, EXPORTER, 1)
    find(streams, EXPORTER, 1)
    find(streams, OTHER, 0)
    find(streams, OTHER, 0)
    assert.equal(find(streams, EXPORTER, 0), first)
    find(streams, OTHER, 1)
    assert.deepEqual(leavingOf(streams), [1])
    assert.deepEqual([...streams.all()].length, 3)
    assert.equal(streams.size, 3)
    assert.deepEqual(
      streams.takeDirty().map(({ key }) => key.observationDomain),
      [1],
    )
  })

  it('that were heard once go first, those of the exporter that has the most', () => {
    const streams = new Streams([], undefined, 10)
    for (const domain of [0, 0, 1, 1]) find(streams, EXPORTER, domain)
    find(streams, EXPORTER, 2)
    const spoofed = (number: number) => ({
      address: `10.0.0.${number}`,
      bytes: Uint8Array.of(10, 0, 0, number),
    })
    for (let domain = 0; domain < 30; domain++) streams.find(spoofed(domain % 2), header(domain))
    const leaving = streams.takeLeaving()
    assert.equal(leaving.length, 23)
    assert.ok(leaving.every(({ key }) => key.exporter.startsWith('10.')))
  })

  it('are not begun beyond the budget of their exporter, and known ones are heard', () => {
    const streams = new Streams([])
    let begun = 0
    for (let domain = 0; domain < 5_000; domain++) {
      if (streams.find(EXPORTER, header(domain), 0, 1_000)) begun += 1
    }
    assert.equal(begun, 1_280)
    assert.ok(streams.find(EXPORTER, header(1_200), 0, 1_000))
    assert.ok(streams.find(OTHER, header(0), 0, 1_000))
    assert.equal(streams.find(EXPORTER, header(9_000), 0, 1_000), undefined)
    assert.ok(streams.find(EXPORTER, header(9_000), 0, 2_000))
  })

  it('that are heard again before their last change is taken stay as they were', () => {
    const streams = new Streams([], undefined, 1)
    const first = find(streams, EXPORTER, 0)
    const second = find(streams, EXPORTER, 1)
    assert.equal(find(streams, EXPORTER, 0), first)
    assert.deepEqual(streams.takeLeaving(), [second])
    assert.notEqual(find(streams, EXPORTER, 1), second)
  })

  it('that were forgotten with running totals count none of their flows twice', () => {
    const streams = new Streams([], undefined, 1)
    const first = find(streams, EXPORTER, 0)
    const total = { bytes: 7n, packets: 1n, startMicros: 1, exportMicros: 900 }
    first.memory.totals.put('flow', total)
    find(streams, EXPORTER, 1)
    for (const stream of streams.takeLeaving()) {
      stream.memory.forgetAll()
      streams.noteForgotten(stream)
    }
    const again = find(streams, EXPORTER, 0)
    assert.equal(again.memory.totals.mayHaveForgotten(500), true)
    assert.equal(again.memory.totals.mayHaveForgotten(1_000), false)
    assert.equal(find(streams, OTHER, 0).memory.totals.mayHaveForgotten(500), false)
  })

  it('from the previous run make room for new ones, the longest silent one first', () => {
    const memory = new RestoredMemory({
      templates: [1, 2, 3].map(templateOf),
      samplers: [],
      names: [],
      flowTotals: [],
    })
    const streams = new Streams([3, 2, 1].map(streamRow), memory, 3)
    assert.equal(streams.size, 3)
    find(streams, OTHER, 0)
    const third = find(streams, EXPORTER, 3)
    assert.equal(third.sequence.next, 300)
    assert.equal(third.memory.templates.size, 1)
    assert.equal(streams.size, 3)
    const first = find(streams, EXPORTER, 1)
    assert.equal(first.sequence.next, null)
    assert.equal(first.memory.templates.size, 0)
    assert.deepEqual(leavingOf(streams), [])
    find(streams, EXPORTER, 2)
    assert.deepEqual(leavingOf(streams), [3])
  })
})
