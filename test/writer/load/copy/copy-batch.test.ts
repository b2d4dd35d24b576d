import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CopyBatch } from '../../../../writer/load/copy/copy-batch.ts'
import { describeTuple } from '../../../../writer/load/copy/copy-tuple.ts'
import { columnsOf } from '../../../../writer/load/copy/flow-columns.ts'
import { FIELD } from '../../../../writer/netflow/flow-record.ts'
import {
  ALL_FIELDS,
  messageOf,
  numberedBatch,
  RECEIVED_AT_MICROS,
  typicalRecord,
} from '../sample-rows.ts'

const HEADER_BYTES = 19
const TRAILER_BYTES = 2

function copyBytes(batch: CopyBatch, first?: number, end?: number): Buffer {
  return Buffer.concat([...batch.copyData(first, end)])
}

describe('a batch', () => {
  it('keeps its rows while it grows', () => {
    const batch = numberedBatch({ from: 0, count: 20_000 })
    assert.ok(batch.bytes > 4 * 1024 * 1024)
    for (const row of [0, 1, 4_095, 4_096, 19_999]) {
      assert.equal(describeTuple(batch.tuple(row), batch.fields)['bytes'], row)
    }
  })

  it('takes a row that is larger than all of its buffer', () => {
    const batch = new CopyBatch()
    const record = typicalRecord()
    record.setExtra(JSON.stringify({ payload: 'x'.repeat(2_000_000) }))
    batch.append(record, messageOf())
    assert.equal(
      String(describeTuple(batch.tuple(0), batch.fields)['extra']).length,
      record.extra.length,
    )
  })

  it('returns any range of its rows as a complete COPY', () => {
    const batch = numberedBatch({ from: 0, count: 10 })
    const part = copyBytes(batch, 3, 5)
    assert.equal(part.toString('latin1', 0, 11), 'PGCOPY\n\xff\r\n\0')
    assert.equal(part.toString('hex', 11, HEADER_BYTES), '0000000000000000')
    const rows = Buffer.concat([batch.tuple(3), batch.tuple(4)])
    assert.deepEqual(part.subarray(HEADER_BYTES, -TRAILER_BYTES), rows)
    assert.equal(part.toString('hex', part.length - TRAILER_BYTES), 'ffff')
    assert.equal(copyBytes(batch).length, HEADER_BYTES + batch.bytes + TRAILER_BYTES)
  })

  it('returns its rows in slices of at most 1 MiB', () => {
    const slices = [...numberedBatch({ from: 0, count: 20_000 }).copyData()]
    assert.ok(slices.length > 4)
    assert.ok(slices.every((slice) => slice.length <= 1024 * 1024))
  })

  it('knows the hours and minutes of its rows', () => {
    const batch = new CopyBatch()
    const hour = Math.floor(RECEIVED_AT_MICROS / 3_600e6)
    for (const hours of [0, 0, 1, 0, 25]) {
      const receivedAtMicros = RECEIVED_AT_MICROS + hours * 3_600e6
      batch.append(typicalRecord(), messageOf({ receivedAtMicros }))
    }
    assert.deepEqual([...batch.hours], [hour, hour + 1, hour + 25])
    const minute = Math.floor(RECEIVED_AT_MICROS / 60e6)
    assert.deepEqual([...batch.minutes], [minute, minute + 60, minute + 25 * 60])
  })

  it('has columns for the fields of its records, whichever comes first', () => {
    const fields = fc.integer({ min: 0, max: ALL_FIELDS })
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 6 }), (present) => {
        const batch = new CopyBatch()
        const wide = new CopyBatch()
        wide.addFields(ALL_FIELDS)
        for (const bits of present) {
          const record = typicalRecord()
          record.setExtra('{"a":1}')
          record.present = bits
          batch.append(record, messageOf())
          wide.append(record, messageOf())
        }
        assert.equal(
          batch.fields,
          present.reduce((all, bits) => all | bits, 0),
        )
        for (const row of present.keys()) {
          const tuple = batch.tuple(row)
          assert.equal(tuple.readInt16BE(), columnsOf(batch.fields).length)
          const expected = describeTuple(wide.tuple(row), ALL_FIELDS)
          assert.deepEqual(describeTuple(tuple, batch.fields), expected)
        }
      }),
    )
  })

  it('is empty after a reset, and can be filled again', () => {
    const batch = numberedBatch({ from: 0, count: 5_000 })
    batch.reset()
    assert.equal(batch.rows, 0)
    assert.equal(batch.hours.size, 0)
    assert.equal(batch.changes.exporters.length, 0)
    assert.equal(copyBytes(batch).length, HEADER_BYTES + TRAILER_BYTES)
    batch.append(typicalRecord(77), messageOf())
    assert.equal(describeTuple(batch.tuple(0), batch.fields)['bytes'], 77)
    assert.equal(batch.hours.size, 1)
  })
})

describe('a tuple read back', () => {
  it('has every value under the name of its column, and no absent ones', () => {
    const batch = new CopyBatch()
    const record = typicalRecord()
    record.setBytes(0x7fff_ffff, 0xffff_ffff)
    record.set(FIELD.srcMac, 0x0200_5e10_0001)
    const view = new DataView(
      Uint8Array.from(Buffer.from('20010db8'.padEnd(32, '0'), 'hex')).buffer,
    )
    record.setIpv6(FIELD.dstAddr, view, 0)
    record.setExtra('{"a":1}')
    batch.append(record, messageOf())
    assert.deepEqual(describeTuple(batch.tuple(0), batch.fields), {
      received_at: '2026-11-21T06:13:20.123456Z',
      flow_start: '2026-11-21T06:13:18.123456Z',
      flow_end: '2026-11-21T06:13:19.123456Z',
      observation_domain: 7,
      bytes: '9223372036854775807',
      packets: 10,
      input_if: 1,
      output_if: 2,
      src_as: 64_500,
      dst_as: 4_200_000_000,
      sampling_rate: 100,
      src_port: 50_000,
      dst_port: 443,
      src_vlan: 10,
      src_mac: '02:00:5e:10:00:01',
      export_version: 9,
      protocol: 6,
      tcp_flags: 0x1b,
      tos: 8,
      src_mask: 24,
      dst_mask: 16,
      direction: 0,
      exporter: '192.0.2.1',
      src_addr: '192.0.2.1',
      dst_addr: '2001:db8:0:0:0:0:0:0',
      next_hop: '203.0.113.1',
      extra: '{"a":1}',
    })
  })

  it('is valid jsonb even when the row was not', () => {
    const batch = new CopyBatch()
    const record = typicalRecord()
    record.setExtra('{"a":"\0"}')
    batch.append(record, messageOf())
    assert.equal(describeTuple(batch.tuple(0), batch.fields)['extra'], '{"a":"\ufffd"}')
  })
})
