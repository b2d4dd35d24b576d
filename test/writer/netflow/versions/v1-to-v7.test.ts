/** NetFlow v1, v5, v6 and v7, byte for byte against Cisco's layouts. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DecodedFlow, DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import { EXPORT_SECONDS, hex, UPTIME_MS, wire } from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

/** The common fields of the first record, the same in every version. */
const COMMON = {
  srcAddr: '192.0.2.1',
  dstAddr: '198.51.100.2',
  nextHop: '203.0.113.3',
  inputIf: 1,
  outputIf: 65535,
  packets: 10,
  bytes: 1500,
  flowStart: EXPORT_MICROS + 500_000 - 6_000_000,
  flowEnd: EXPORT_MICROS + 500_000 - 2_000_000,
  srcPort: 443,
  dstPort: 50000,
  protocol: 6,
  tos: 0xb8,
  tcpFlags: 0x1b,
}
const ROUTING = { srcAs: 64496, dstAs: 65535, srcMask: 24, dstMask: 32 }

/** The common fields of the second record: the largest and smallest values. */
const EXTREMES = {
  srcAddr: '192.0.2.2',
  dstAddr: '198.51.100.3',
  nextHop: '0.0.0.0',
  inputIf: 0,
  outputIf: 0,
  packets: 4294967295,
  bytes: 4294967295,
  flowStart: EXPORT_MICROS + 500_000,
  flowEnd: EXPORT_MICROS + 500_000,
  srcPort: 0,
  dstPort: 53,
  protocol: 17,
  tos: 0,
  tcpFlags: 255,
}
const NO_ROUTING = { srcAs: 0, dstAs: 0, srcMask: 0, dstMask: 0 }

const COMMON_BYTES =
  'c0000201 c6336402 cb007103 0001 ffff 0000000a 000005dc 05f5c990 05f5d930 01bb c350'
const EXTREME_BYTES =
  'c0000202 c6336403 00000000 0000 0000 ffffffff ffffffff 05f5e100 05f5e100 0000 0035'

/** Engine 1/7; sampling of mode 1 and interval 100. */
const ENGINE = { sequence: 0xfffffffe, observationDomain: 1 * 256 + 7 }
const ENGINE_BYTES = 'fffffffe 01 07 4064'
const SAMPLED = { samplingRate: 100 }

interface Version {
  readonly version: number
  /** The bytes after version, count and times. */
  readonly header: string
  readonly sequence: number
  readonly observationDomain: number
  /** Bytes of header and record. */
  readonly sizes: readonly [header: number, record: number]
  /** The rest of the two records, in bytes and as fields. */
  readonly records: readonly [string, string]
  readonly fields: readonly [DecodedFlow, DecodedFlow]
}

const V1: Version = {
  version: 1,
  header: '',
  sequence: 0,
  observationDomain: 0,
  sizes: [16, 48],
  records: ['0000 06 b8 1b 000000 00000000', 'ffff 11 00 ff ffffff ffffffff'],
  fields: [{}, {}],
}

const V5: Version = {
  version: 5,
  header: ENGINE_BYTES,
  ...ENGINE,
  sizes: [24, 48],
  records: ['00 1b 06 b8 fbf0 ffff 18 20 0000', 'ff ff 11 00 0000 0000 00 00 ffff'],
  fields: [
    { ...ROUTING, ...SAMPLED },
    { ...NO_ROUTING, ...SAMPLED },
  ],
}

const V6: Version = {
  version: 6,
  header: ENGINE_BYTES,
  ...ENGINE,
  sizes: [24, 52],
  records: [
    'ff 1b 06 b8 fbf0 ffff 18 20 12 16 cb0071fe',
    '00 ff 11 00 0000 0000 00 00 00 ff 00000000',
  ],
  fields: [
    {
      ...ROUTING,
      ...SAMPLED,
      extra: '{"inEncaps":18,"outEncaps":22,"peerNextHop":"203.0.113.254"}',
    },
    {
      ...NO_ROUTING,
      ...SAMPLED,
      extra: '{"inEncaps":0,"outEncaps":255,"peerNextHop":"0.0.0.0"}',
    },
  ],
}

/** The header has reserved bytes where v5 has engine and sampling. */
const V7: Version = {
  version: 7,
  header: '0000002a ffffffff',
  sequence: 42,
  observationDomain: 0,
  sizes: [24, 52],
  records: [
    '03 1b 06 b8 fbf0 ffff 18 20 0102 c00002fe',
    '00 ff 11 00 0000 0000 00 00 0000 00000000',
  ],
  fields: [{ ...ROUTING, extra: '{"flags":3,"flags2":258,"routerSc":"192.0.2.254"}' }, NO_ROUTING],
}

/** Version and count, uptime 100 000 000 ms, 1 700 000 000 s 500 000 000 ns. */
const START = '05f5e100 6553f100 1dcd6500'

/** A message whose header counts `count` records. */
function messageOf({ version, header }: Version, records: readonly string[], count = 1): Buffer {
  const counted = [version, count].map((value) => value.toString(16).padStart(4, '0'))
  return wire(...counted, START, header, ...records)
}

function recordsOf({ records: [common, extreme] }: Version): readonly [string, string] {
  return [`${COMMON_BYTES} ${common}`, `${EXTREME_BYTES} ${extreme}`]
}

for (const layout of [V1, V5, V6, V7]) {
  const { version, sizes, fields } = layout
  const records = recordsOf(layout)
  const message = messageOf(layout, records, 2)
  const flow = { ...COMMON, ...fields[0] }

  describe(`a v${version} message`, () => {
    it('has every field of header and record, and no other field', () => {
      const harness = new DecoderHarness()
      const { reject, flows, counts, problems } = harness.receive(message)
      assert.equal(reject, undefined)
      assert.deepEqual(flows, [flow, { ...EXTREMES, ...fields[1] }])
      assert.deepEqual(counts, { dataRecords: 2, flowRecords: 2, decodedSets: 1 })
      assert.deepEqual(problems, [])
      const { header } = harness.decoder
      assert.deepEqual([header.exportVersion, header.count], [version, 2])
      assert.equal(header.sequence, layout.sequence)
      assert.equal(header.observationDomain, layout.observationDomain)
      assert.equal(header.uptimeMs, UPTIME_MS)
      assert.equal(header.exportMicros, EXPORT_MICROS + 500_000)
    })

    it(`has a header of ${sizes[0]} bytes and records of ${sizes[1]} bytes`, () => {
      assert.equal(message.length, sizes[0] + 2 * sizes[1])
      assert.equal(decodeAlone(message.subarray(0, sizes[0] - 1)).reject, 'too-short')
      assert.equal(decodeAlone(message.subarray(0, 2)).reject, 'too-short')
      assert.equal(decodeAlone(message.subarray(0, -1)).reject, 'count-exceeds-length')
    })

    it('of no records is decoded without flows', () => {
      const { reject, flows, counts } = decodeAlone(messageOf(layout, [], 0))
      assert.deepEqual([reject, flows, counts], [undefined, [], { decodedSets: 1 }])
    })

    it('that counts more records than it carries is rejected', () => {
      const one = messageOf(layout, [records[0]])
      const rejects = [
        messageOf(layout, [records[0]], 2),
        messageOf(layout, [records[0]], 0xffff),
        one.subarray(0, -1),
        one,
      ].map((cut) => decodeAlone(cut).reject)
      const tooMany = 'count-exceeds-length'
      assert.deepEqual(rejects, [tooMany, tooMany, tooMany, undefined])
    })

    it('ends with its last record, whatever bytes follow', () => {
      assert.deepEqual(decodeAlone(messageOf(layout, [...records, 'ffff'])).flows, [flow])
    })

    it('of more than 30 records is decoded in full', () => {
      const { flows } = decodeAlone(messageOf(layout, new Array(40).fill(records[0]), 40))
      assert.deepEqual(flows, new Array(40).fill(flow))
    })

    it('of ICMP has a type and a code instead of ports', () => {
      const icmp = records[0].replace('01bb c350', '0000 0301').replace(/\b06\b/, '01')
      const [flow = {}] = decodeAlone(messageOf(layout, [icmp])).flows
      assert.deepEqual([flow.icmpType, flow.icmpCode, flow.protocol], [3, 1, 1])
      assert.equal('srcPort' in flow || 'dstPort' in flow, false)
    })
  })
}

describe('a v1 message after a v5 message', () => {
  it('has neither engine nor sequence nor sampling', () => {
    const harness = new DecoderHarness()
    harness.receive(hex('0005 0000 00000000 00000000 00000000 00000007 01 02 0064'))
    const { flows } = harness.receive(messageOf(V1, recordsOf(V1)))
    const { header } = harness.decoder
    assert.deepEqual([header.observationDomain, header.sequence, header.samplingRate], [0, 0, 0])
    assert.equal(flows[0]?.samplingRate, undefined)
  })
})

describe('the flags and the router of v7', () => {
  const [record] = recordsOf(V7)
  const noFlags = record.replace('c350 03', 'c350 00')

  it('are left out where they are 0', () => {
    const silent = noFlags.replace('0102 c00002fe', '0000 00000000')
    assert.equal('extra' in (decodeAlone(messageOf(V7, [silent])).flows[0] ?? {}), false)
    const one = noFlags.replace('c00002fe', '00000000')
    assert.equal(decodeAlone(messageOf(V7, [one])).flows[0]?.extra, '{"flags2":258}')
  })

  it('are kept beside port values of ICMP that are neither type nor code', () => {
    const odd = record.replace('01bb c350 03 1b 06', '0008 0000 03 1b 01')
    const [flow = {}] = decodeAlone(messageOf(V7, [odd])).flows
    const extra = '{"flags":3,"flags2":258,"routerSc":"192.0.2.254","sourceTransportPort":8}'
    assert.deepEqual([flow.icmpType, flow.srcPort, flow.extra], [undefined, undefined, extra])
  })
})
