/**
 * Data sets that come before their template are held, released with their own times, or given up.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  HELD_SET_MAX_AGE_MICROS,
  MAX_HELD_BYTES,
  MAX_HELD_BYTES_PER_EXPORTER,
} from '../../../../writer/netflow/limits.ts'
import { type HeldSet, HeldSets } from '../../../../writer/netflow/memory/held-sets.ts'
import { StreamMemory } from '../../../../writer/netflow/memory/stream-memory.ts'
import { DecoderHarness, RECEIVED_AT_MICROS } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  optionsTemplate,
  set,
  template,
  UPTIME_MS,
  v9Message,
  v9MessageOf,
  type WireField,
} from '../../../helpers/netflow-bytes.ts'

const FIELDS: readonly WireField[] = [
  [22, 4],
  [1, 4],
]
const DEFINITION = set(0, template(256, FIELDS))
/** A flow that started 1 s before the header of `v9Message`. */
const DATA = set(256, (UPTIME_MS - 1000).toString(16).padStart(8, '0'), '00000007')
const FLOW_START = (EXPORT_SECONDS - 1) * 1_000_000

describe('data before its template', () => {
  it('is held and decoded when the template comes later, with its own times', () => {
    const harness = new DecoderHarness()
    const first = harness.receive(v9Message(DATA), { receivedAtMicros: RECEIVED_AT_MICROS })
    assert.deepEqual(first.counts, { heldSets: 1, waitingSets: 1 })
    assert.deepEqual([first.flows, first.problems], [[], ['no-template']])
    const header = { uptimeMs: UPTIME_MS + 60_000, unixSeconds: EXPORT_SECONDS + 90 }
    const receivedAtMicros = RECEIVED_AT_MICROS + 90_000_000
    const later = harness.receive(v9MessageOf(header, DEFINITION, DATA), { receivedAtMicros })
    assert.deepEqual(later.flows, [
      { flowStart: FLOW_START, bytes: 7 },
      { flowStart: FLOW_START + 30_000_000, bytes: 7 },
    ])
    assert.deepEqual(later.receivedAt, [RECEIVED_AT_MICROS, receivedAtMicros])
    assert.equal(later.counts.releasedSets, 1)
    assert.equal(harness.decoder.heldSets.count, 0)
    assert.equal(harness.decoder.heldSets.bytes, 0)
  })

  it('in the same message is decoded with the message', () => {
    const { flows, counts } = new DecoderHarness().receive(v9Message(DATA, DATA, DEFINITION))
    assert.deepEqual(flows, [
      { flowStart: FLOW_START, bytes: 7 },
      { flowStart: FLOW_START, bytes: 7 },
    ])
    assert.deepEqual([counts.heldSets, counts.waitingSets, counts.releasedSets], [2, undefined, 2])
  })

  it('does not hurt the other sets of its message', () => {
    const other = set(0, template(257, [[1, 4]]))
    const { flows, counts } = new DecoderHarness().receive(
      v9Message(other, DATA, set(257, '00000001')),
    )
    assert.deepEqual(flows, [{ bytes: 1 }])
    assert.deepEqual([counts.decodedSets, counts.heldSets], [1, 1])
  })

  it('is released in the order of arrival, and only by its own template', () => {
    const harness = new DecoderHarness()
    const bytes = (n: number) => set(256, '00000000', n.toString(16).padStart(8, '0'))
    for (const n of [1, 2, 3]) harness.receive(v9Message(bytes(n)))
    harness.receive(v9MessageOf({ sourceId: 8 }, bytes(4)))
    assert.deepEqual(harness.receive(v9Message(set(0, template(257, FIELDS)))).flows, [])
    const { flows } = harness.receive(v9Message(DEFINITION))
    assert.deepEqual(
      flows.map((flow) => flow.bytes),
      [1, 2, 3],
    )
    assert.equal(harness.decoder.heldSets.count, 1)
  })

  it('may belong to an options template', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(512, '00000000 00000064')))
    const definition = set(1, optionsTemplate(512, [[1, 4]], [[34, 4]]))
    assert.equal(harness.receive(v9Message(definition)).counts.optionsRecords, 1)
    harness.receive(v9Message(DEFINITION))
    assert.equal(harness.receive(v9Message(DATA)).flows[0]?.samplingRate, 100)
  })

  it('keeps waiting when the template that comes is invalid', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(DATA))
    harness.receive(v9Message(set(0, template(256, []))))
    assert.equal(harness.decoder.heldSets.count, 1)
  })

  it('is decoded to the last record, whatever their number', () => {
    const harness = new DecoderHarness()
    const records = '00'.repeat(20 * 3000)
    for (let i = 0; i < 80; i++) harness.receive(v9Message(set(256, records)))
    const definition = v9Message(set(0, template(256, [[1, 20]])))
    const { flows, counts } = harness.receive(definition)
    assert.equal(flows.length, 80 * 3000)
    assert.equal(counts.malformedSets, undefined)
  })

  it('of one-byte records is decoded up to a limit, and so is the rest of the message', () => {
    const harness = new DecoderHarness()
    for (let i = 0; i < 40; i++) harness.receive(v9Message(set(256, '06'.repeat(8192))))
    const { flows, problems } = harness.receive(
      v9Message(set(0, template(256, [[4, 1]])), set(256, '1111')),
    )
    assert.equal(flows.filter(({ protocol }) => protocol === 6).length, 262_144)
    assert.equal(flows.filter(({ protocol }) => protocol === 17).length, 2)
    assert.equal(problems[0], 'too-many-records')
  })

  it('without content is not held', () => {
    const harness = new DecoderHarness()
    const { counts, problems } = harness.receive(v9Message(set(256), set(300)))
    assert.deepEqual([counts, problems], [{}, []])
  })
})

describe('held sets', () => {
  const streamOf = (exporter: string, observationDomain = 0) => {
    const exporterBytes = Uint8Array.from([192, 0, 2, 1])
    return new StreamMemory({ exporter, exporterBytes, exportVersion: 9, observationDomain })
  }
  const heldSet = (stream: StreamMemory, bytes: number, receivedAtMicros = 0): HeldSet => ({
    stream,
    templateId: 256,
    content: Buffer.alloc(bytes),
    message: {
      receivedAtMicros,
      exporterBytes: stream.exporterBytes,
      observationDomain: stream.observationDomain,
      exportVersion: 9,
    },
    sequence: 0,
    exportMicros: 0,
    uptimeMs: 0,
    sourcePort: 0,
  })

  it('of one exporter stay below its limit, the oldest out first', () => {
    const heldSets = new HeldSets()
    const streams = [streamOf('192.0.2.1'), streamOf('192.0.2.1', 1)] as const
    const other = heldSet(streamOf('192.0.2.2'), 60_000)
    heldSets.hold(other)
    const held: HeldSet[] = []
    const evicted: HeldSet[] = []
    for (let i = 0; i < 200; i++) {
      const set = heldSet(streams[i % 2 === 0 ? 0 : 1], 60_000)
      held.push(set)
      evicted.push(...heldSets.hold(set))
    }
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES_PER_EXPORTER + 70_000)
    assert.ok(evicted.length > 100)
    assert.deepEqual(evicted, held.slice(0, evicted.length))
    assert.equal(heldSets.count, 201 - evicted.length)
    assert.deepEqual(heldSets.release(other.stream, 256), [other])
  })

  /** Names the exporters of sets by the beginnings of their addresses. */
  const networksOf = (sets: readonly HeldSet[]) => [
    ...new Set(sets.map(({ stream }) => stream.exporter.slice(0, 6))),
  ]

  it('of all exporters stay below the total limit; the largest holders lose their oldest', () => {
    const heldSets = new HeldSets()
    const held: HeldSet[] = []
    const evicted = new Set<HeldSet>()
    for (let i = 0; i < 1500; i++) {
      const set = heldSet(streamOf(`192.0.2.${i % 100}`), 60_000)
      held.push(set)
      for (const gone of heldSets.hold(set)) evicted.add(gone)
    }
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES)
    assert.ok(evicted.size > 300)
    for (let exporter = 0; exporter < 100; exporter++) {
      const own = held.filter((_, index) => index % 100 === exporter)
      const gone = own.filter((set) => evicted.has(set)).length
      assert.ok(gone >= 2 && gone <= 6, `${gone} of ${own.length}`)
      assert.ok(own.slice(0, gone).every((set) => evicted.has(set)))
    }
  })

  it('of an exporter stay while others that hold more fill the room', () => {
    const heldSets = new HeldSets()
    const victim = streamOf('192.0.2.1')
    const ofVictim = Array.from({ length: 20 }, () => heldSet(victim, 1_400))
    for (const set of ofVictim) heldSets.hold(set)
    const evicted: HeldSet[] = []
    // The room has no place for 5 MiB of 16 exporters each.
    for (let i = 0; i < 16 * 100; i++) {
      evicted.push(...heldSets.hold(heldSet(streamOf(`10.0.0.${i % 16}`), 60_000)))
    }
    for (let i = 0; i < 500; i++) {
      evicted.push(...heldSets.hold(heldSet(streamOf(`10.1.0.${i}`), 20_000)))
    }
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES)
    assert.ok(evicted.length > 500)
    assert.deepEqual(networksOf(evicted), ['10.0.0'])
    const more = heldSet(victim, 1_400)
    assert.deepEqual(networksOf(heldSets.hold(more)), [])
    assert.equal(heldSets.release(victim, 256).length, 21)
  })

  it('without content use memory, too', () => {
    const heldSets = new HeldSets()
    const stream = streamOf('192.0.2.1')
    for (let i = 0; i < 100_000; i++) heldSets.hold({ ...heldSet(stream, 0), templateId: i })
    assert.ok(heldSets.count < 50_000)
  })

  it('are given up after ten minutes, not before', () => {
    const heldSets = new HeldSets()
    const stream = streamOf('192.0.2.1')
    const [first, second] = [heldSet(stream, 10, 1000), heldSet(stream, 10, 2000)]
    heldSets.hold(first)
    heldSets.hold(second)
    assert.deepEqual(heldSets.expire(HELD_SET_MAX_AGE_MICROS + 999), [])
    assert.deepEqual(heldSets.expire(HELD_SET_MAX_AGE_MICROS + 1000), [first])
    assert.deepEqual(heldSets.release(stream, 256), [second])
    assert.equal(heldSets.bytes, 0)
  })

  it('that the decoder gives up are listed, whatever their number', () => {
    const harness = new DecoderHarness()
    const sets = Array.from({ length: 10_000 }, (_, i) => set(256 + i, '00'))
    for (let exporter = 1; exporter < 40; exporter++) {
      harness.receive(v9Message(...sets), { exporter: `192.0.2.${exporter}` })
    }
    const { decoder } = harness
    const count = decoder.heldSets.count + decoder.expiredSets.length
    decoder.expireHeldSets(RECEIVED_AT_MICROS + HELD_SET_MAX_AGE_MICROS)
    assert.equal(decoder.expiredSets.length, count)
    assert.equal(count, 390_000)
    assert.equal(decoder.heldSets.count, 0)
  })
})
