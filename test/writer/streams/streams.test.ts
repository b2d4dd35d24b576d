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

describe('streams', () => {
  it('are bounded per exporter', () => {
    const streams = new Streams([])
    for (let domain = 0; domain < MAX_STREAMS_PER_EXPORTER; domain++) {
      assert.equal(typeof streams.find(EXPORTER, header(domain)), 'object')
    }
    assert.equal(streams.find(EXPORTER, header(MAX_STREAMS_PER_EXPORTER)), 'too-many-streams')
    assert.equal(typeof streams.find(OTHER, header(0)), 'object')
  })

  it('are bounded in total, and known ones stay', () => {
    const streams = new Streams([], undefined, 3)
    const first = streams.find(EXPORTER, header(0))
    streams.find(EXPORTER, header(1))
    streams.find(OTHER, header(0))
    assert.equal(streams.find(OTHER, header(1)), 'too-many-streams-in-all')
    assert.equal(streams.find(EXPORTER, header(0)), first)
    assert.equal(streams.size, 3)
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
    assert.equal(typeof streams.find(OTHER, header(0)), 'object')
    const third = streams.find(EXPORTER, header(3)) as Stream
    assert.equal(third.sequence.next, 300)
    assert.equal(third.memory.templates.size, 1)
    assert.equal(streams.size, 3)
    const first = streams.find(EXPORTER, header(1)) as Stream
    assert.equal(first.sequence.next, null)
    assert.equal(first.memory.templates.size, 0)
    assert.equal(streams.find(EXPORTER, header(2)), 'too-many-streams-in-all')
  })
})
