/**
 * Properties of every message: encoded values come back, and a cut message gives its first records.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeV5Message, type V5Flow } from '../../../launcher/demo/messages.ts'
import {
  findElement,
  STANDARD_ELEMENTS,
} from '../../../writer/netflow/elements/element-registry.ts'
import { type DecodedFlow, decodeAlone } from '../../helpers/decoder-harness.ts'
import {
  hex,
  optionsTemplate,
  set,
  template,
  v9Message,
  type WireField,
} from '../../helpers/netflow-bytes.ts'

const RUNS = { seed: 20_250, numRuns: 300 } as const
const TWO_32 = 2 ** 32

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
const ipv4 = fc.ipV4()

/** A flow that is not ICMP, with ages in place of its first and last time. */
const v5Flow = fc.record({
  srcAddr: ipv4,
  dstAddr: ipv4,
  nextHop: ipv4,
  inputIf: uint(16),
  outputIf: uint(16),
  packets: uint(32),
  bytes: uint(32),
  age: fc.integer({ min: -599_999, max: TWO_32 - 600_001 }),
  duration: uint(20),
  srcPort: uint(16),
  dstPort: uint(16),
  tcpFlags: uint(8),
  protocol: uint(8).filter((protocol) => protocol !== 1 && protocol !== 58),
  tos: uint(8),
  srcAs: uint(16),
  dstAs: uint(16),
  srcMask: uint(8),
  dstMask: uint(8),
})

const v5Header = fc.record({
  sysUptimeMs: uint(32),
  unixSeconds: uint(32),
  unixNanos: fc.integer({ min: 0, max: 999_999_999 }),
  sequence: uint(32),
  engineType: uint(8),
  engineId: uint(8),
  sampling: uint(16),
})

it('a v5 message decodes to the encoded values', () => {
  fc.assert(
    fc.property(v5Header, fc.array(v5Flow, { maxLength: 30 }), (header, flows) => {
      const exportMicros = header.unixSeconds * 1_000_000 + Math.floor(header.unixNanos / 1000)
      const expected: DecodedFlow[] = []
      const encoded = flows.map(({ age, duration, ...flow }): V5Flow => {
        const lastAge = Math.max(age - duration, -599_999)
        const flowStart = exportMicros - age * 1000
        const flowEnd = exportMicros - lastAge * 1000
        const rate = header.sampling & 0x3fff
        const sampled = rate === 0 ? {} : { samplingRate: rate }
        expected.push({ ...flow, flowStart, flowEnd, ...sampled })
        const uptime = (ms: number) => (((header.sysUptimeMs - ms) % TWO_32) + TWO_32) % TWO_32
        return { ...flow, firstUptimeMs: uptime(age), lastUptimeMs: uptime(lastAge) }
      })
      assert.deepEqual(decodeAlone(encodeV5Message(header, encoded)).flows, expected)
    }),
    RUNS,
  )
})

/** Elements with a column and the number of bits that it holds. */
const COLUMNS = [
  { id: 1, name: 'bytes', bits: 63 },
  { id: 2, name: 'packets', bits: 63 },
  { id: 4, name: 'protocol', bits: 15 },
  { id: 5, name: 'tos', bits: 15 },
  { id: 6, name: 'tcpFlags', bits: 15 },
  { id: 7, name: 'srcPort', bits: 31 },
  { id: 11, name: 'dstPort', bits: 31 },
  { id: 9, name: 'srcMask', bits: 15 },
  { id: 13, name: 'dstMask', bits: 15 },
  { id: 10, name: 'inputIf', bits: 53 },
  { id: 14, name: 'outputIf', bits: 53 },
  { id: 16, name: 'srcAs', bits: 53 },
  { id: 17, name: 'dstAs', bits: 53 },
  { id: 58, name: 'srcVlan', bits: 31 },
  { id: 59, name: 'dstVlan', bits: 31 },
  { id: 61, name: 'direction', bits: 15 },
  { id: 136, name: 'flowEndReason', bits: 15 },
] as const

/** Elements without a column: integers by name, and bytes of unknown elements. */
const INTEGERS = [3, 19, 20, 36, 37, 148, 166, 312]
const UNKNOWN = [20_000, 41_002, 40_999, 57_552, 65_535]

interface V9Field {
  readonly id: number
  readonly column?: (typeof COLUMNS)[number]
  readonly values: readonly Uint8Array[]
}

function v9Field(id: number, maxLength: number, records: number): fc.Arbitrary<V9Field> {
  const column = COLUMNS.find((candidate) => candidate.id === id)
  return fc
    .integer({ min: 1, max: maxLength })
    .chain((length) =>
      fc.array(fc.uint8Array({ minLength: length, maxLength: length }), {
        minLength: records,
        maxLength: records,
      }),
    )
    .map((values) => (column ? { id, column, values } : { id, values }))
}

const v9Records = fc.integer({ min: 1, max: 5 }).chain((records) => {
  const fields = [
    ...COLUMNS.map(({ id }) => v9Field(id, 8, records)),
    ...INTEGERS.map((id) => v9Field(id, 8, records)),
    ...UNKNOWN.map((id) => v9Field(id, 40, records)),
  ]
  return fc
    .shuffledSubarray(fields, { minLength: 1 })
    .chain((chosen) => fc.tuple(...chosen))
    .map((chosen) => ({ records, fields: chosen }))
})

function expectFlow(fields: readonly V9Field[], index: number): DecodedFlow {
  const flow: DecodedFlow = {}
  const extra: string[] = []
  for (const { id, column, values } of fields) {
    const digits = Buffer.from(values[index] ?? []).toString('hex')
    const value = BigInt(`0x${digits}`)
    const known = findElement(0, id) !== undefined
    if (column && value < 1n << BigInt(column.bits)) {
      flow[column.name] = value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
    } else extra.push(`"${STANDARD_ELEMENTS.nameOf(0, id)}":${known ? value : `"${digits}"`}`)
  }
  if (flow.protocol === 1 || flow.protocol === 58) moveIcmpPorts(flow, extra)
  if (extra.length > 0) flow.extra = `{${extra.join(',')}}`
  return flow
}

function moveIcmpPorts(flow: DecodedFlow, extra: string[]): void {
  const { srcPort = 0, dstPort } = flow
  delete flow.srcPort
  delete flow.dstPort
  if (srcPort !== 0) extra.push(`"sourceTransportPort":${srcPort}`)
  if (typeof dstPort !== 'number') return
  if (srcPort === 0 && dstPort <= 0xffff) {
    flow.icmpType = dstPort >> 8
    flow.icmpCode = dstPort & 255
  } else if (dstPort !== 0 && srcPort !== 0) extra.push(`"destinationTransportPort":${dstPort}`)
}

it('a v9 message decodes to every value in its column, or exactly in extra', () => {
  fc.assert(
    fc.property(v9Records, fc.integer({ min: 0, max: 3 }), ({ records, fields }, padding) => {
      const specifiers = fields.map(({ id, values }) => [id, values[0]?.length ?? 0] as const)
      const indexes = Array.from({ length: records }, (_, index) => index)
      const data = indexes.flatMap((index) =>
        fields.map(({ values }) => Buffer.from(values[index] ?? [])),
      )
      const recordLength = specifiers.reduce((sum, [, length]) => sum + length, 0)
      const zeros = Buffer.alloc(Math.min(padding, recordLength - 1))
      const message = v9Message(set(0, template(256, specifiers)), set(256, ...data, zeros))
      const expected = indexes.map((index) => expectFlow(fields, index))
      assert.deepEqual(decodeAlone(message).flows, expected)
    }),
    RUNS,
  )
})

describe('a message that is cut short', () => {
  const check = (whole: Buffer, isRejected: (length: number) => boolean) => {
    const { flows } = decodeAlone(whole)
    assert.ok(flows.length > 3)
    for (let length = 0; length < whole.length; length++) {
      const cut = decodeAlone(whole.subarray(0, length))
      assert.equal(cut.reject !== undefined, isRejected(length), `${length} bytes`)
      assert.deepEqual(cut.flows, flows.slice(0, cut.flows.length), `${length} bytes`)
    }
  }

  it('is rejected if it is v5', () => {
    const flow = { srcAddr: '192.0.2.1', dstAddr: '192.0.2.2', packets: 1, bytes: 2, protocol: 17 }
    const flows = Array.from({ length: 5 }, () => ({ ...flow, firstUptimeMs: 1, lastUptimeMs: 2 }))
    const header = { sysUptimeMs: 100, unixSeconds: 1_700_000_000, sequence: 1 }
    check(encodeV5Message(header, flows), () => true)
  })

  it('is rejected if it is another version with fixed records', () => {
    const layouts = [
      { header: '0001 0005', headerBytes: 16, recordBytes: 48 },
      { header: '0006 0005', headerBytes: 24, recordBytes: 52 },
      { header: '0007 0005', headerBytes: 24, recordBytes: 52 },
      { header: `0008 0005 ${'00'.repeat(18)} 08 02`, headerBytes: 28, recordBytes: 44 },
    ]
    for (const { header, headerBytes, recordBytes } of layouts) {
      const whole = Buffer.alloc(headerBytes + 5 * recordBytes)
      hex(header).copy(whole)
      check(whole, () => true)
    }
  })

  it('decodes the flows before the cut if it is v9', () => {
    const fields: readonly WireField[] = [
      [8, 4],
      [27, 16],
      [82, 65535],
      [231, 4],
      [232, 4],
      [32, 2],
    ]
    const record = hex(`c0000201 ${'00'.repeat(16)} 03 657468 00000001 00000002 0800`)
    const scopes: readonly WireField[] = [[1, 4]]
    const options: readonly WireField[] = [
      [48, 1],
      [50, 4],
    ]
    const whole = v9Message(
      set(1, optionsTemplate(512, scopes, options), '0000'),
      set(512, '00000000 01 0000000a', '00000000 02 0000000b', '0000'),
      set(0, template(256, fields), template(257, [[1, 8]])),
      set(256, record, record),
      set(257, '0000000000000001', '0000000000000002', '000000'),
      set(256, record),
    )
    check(whole, (length) => length < 20)
  })
})
