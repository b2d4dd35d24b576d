/**
 * Datagrams that are made to be costly: their memory stays within the limits, and their time is in
 * proportion to their bytes.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_FIELDS_PER_STREAM,
  MAX_HELD_BYTES_PER_EXPORTER,
  MAX_TEMPLATES_PER_STREAM,
} from '../../../writer/netflow/limits.ts'
import { DecoderHarness } from '../../helpers/decoder-harness.ts'
import { set, template, v9Message, type WireField, words } from '../../helpers/netflow-bytes.ts'

/**
 * Normal traffic of this size takes 5 ms, the worst known datagrams 50 ms; slow machines need more.
 */
const MAX_CPU_MS_PER_DATAGRAM = 1000

/** Receives the datagrams of `make` and checks their mean cost. */
function attack(harness: DecoderHarness, count: number, make: (index: number) => Buffer): void {
  const datagrams = Array.from({ length: count }, (_, index) => make(index))
  const before = process.cpuUsage()
  for (const datagram of datagrams) {
    assert.ok(datagram.length <= 65_507)
    harness.receive(datagram)
    harness.decoder.expiredSets.length = 0
  }
  const { user, system } = process.cpuUsage(before)
  const cpuMs = (user + system) / 1000 / count
  assert.ok(cpuMs < MAX_CPU_MS_PER_DATAGRAM, `${cpuMs} ms a datagram`)
}

function fieldsOf(count: number, firstId: number, length: number): WireField[] {
  return Array.from({ length: count }, (_, index) => [(firstId + index) % 65536, length] as const)
}

describe('a hostile exporter', () => {
  it('cannot fill the memory with templates of a thousand fields', () => {
    const harness = new DecoderHarness()
    attack(harness, 60, (index) => {
      const fields = fieldsOf(1000, index, 1)
      const templates = Array.from({ length: 15 }, (_, k) => template(256 + index * 15 + k, fields))
      return v9Message(set(0, ...templates), set(256 + index * 15, '01'.repeat(1000)))
    })
    const stream = harness.stream()
    assert.equal(stream.templates.size, 32)
    assert.ok(stream.templates.fieldCount <= MAX_FIELDS_PER_STREAM)
  })

  it('cannot fill the memory with thousands of templates', () => {
    const harness = new DecoderHarness()
    attack(harness, 20, (index) => {
      const templates = Array.from({ length: 8000 }, (_, k) => template(256 + k + index, [[1, 4]]))
      return v9Message(set(0, ...templates))
    })
    const stream = harness.stream()
    assert.equal(stream.templates.size, MAX_TEMPLATES_PER_STREAM)
    assert.notEqual(stream.template(256 + 7999 + 19), undefined)
  })

  it('cannot make a record costly with fields of length 0', () => {
    const harness = new DecoderHarness()
    const fields: WireField[] = [[4, 1], ...fieldsOf(1023, 1, 0)]
    const records = '06'.repeat(60_000)
    attack(harness, 5, () => v9Message(set(0, template(256, fields)), set(256, records)))
    assert.equal(harness.stream().template(256)?.presentFields.length, 1)
    const options = words(512, 0, 1024 * 4, ...fields.flat())
    attack(harness, 5, () => v9Message(set(1, options), set(512, records)))
    assert.equal(harness.stream().template(512)?.presentFields.length, 1)
  })

  it('cannot evict the waiting sets of others with sets of unknown templates', () => {
    const harness = new DecoderHarness()
    const waiting = v9Message(set(256, '00000007'))
    harness.receive(waiting, { exporter: '192.0.2.9' })
    attack(harness, 20, (index) => {
      const sets = Array.from({ length: 13_000 }, (_, k) => set(256 + ((index + k) % 60_000), '01'))
      return v9Message(...sets)
    })
    const { heldSets } = harness.decoder
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES_PER_EXPORTER + 1000)
    const definition = v9Message(set(0, template(256, [[1, 4]])))
    const { flows } = harness.receive(definition, { exporter: '192.0.2.9' })
    assert.deepEqual(flows, [{ bytes: 7 }])
  })

  it('cannot make one message costly by redefining a template many times', () => {
    const harness = new DecoderHarness()
    const parts = Array.from({ length: 1200 }, (_, index) => {
      const fields = [[1 + (index % 2), 4], ...fieldsOf(3, 300, 2)] as const
      return Buffer.concat([set(0, template(256, fields)), set(256, '01'.repeat(10))])
    })
    attack(harness, 5, () => v9Message(...parts))
    assert.equal(harness.decoder.result.flowRecords, 1200)
  })
})
