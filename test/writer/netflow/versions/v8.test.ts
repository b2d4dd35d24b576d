/** NetFlow v8, byte for byte: the records of all fourteen aggregation schemes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DecodedFlow, DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import { EXPORT_SECONDS, hex, wire } from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

/** Sequence 16, engine 1/7, version 2 of the scheme. */
function v8Header(scheme: number, count = 1): Buffer {
  const [schemeHex, countHex] = [hexOf(scheme, 2), hexOf(count, 4)]
  return hex(`0008 ${countHex} 05f5e100 6553f100 1dcd6500 00000010 01 07 ${schemeHex} 02 ffffffff`)
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** 10 packets, 1500 bytes, from 6 to 2 s before the export; before them, 3 flows. */
const SWITCHED = '0000000a 000005dc 05f5c990 05f5d930'
const COUNTERS = `00000003 ${SWITCHED}`
const COUNTED = {
  packets: 10,
  bytes: 1500,
  flowStart: EXPORT_MICROS + 500_000 - 6_000_000,
  flowEnd: EXPORT_MICROS + 500_000 - 2_000_000,
}
const AS_PAIR = { srcAs: 64496, dstAs: 64497 }
const INTERFACES = { inputIf: 1, outputIf: 2 }
const PORTS = { srcPort: 443, dstPort: 50000 }
const PREFIXES = { srcAddr: '192.0.2.0', dstAddr: '198.51.0.0', srcMask: 24, dstMask: 16 }

interface SchemeCase {
  readonly scheme: number
  readonly title: string
  /** The row without the fields that every record has. */
  readonly record: string
  readonly flow: DecodedFlow
}

const ROUTER_SCHEMES: readonly SchemeCase[] = [
  {
    scheme: 1,
    title: 'autonomous systems',
    record: 'fbf0 fbf1 0001 0002',
    flow: { ...AS_PAIR, ...INTERFACES },
  },
  {
    scheme: 2,
    title: 'protocol and ports',
    record: '06 ff ffff 01bb c350',
    flow: { protocol: 6, ...PORTS },
  },
  {
    scheme: 3,
    title: 'source prefix',
    record: 'c0000200 18 ff fbf0 0001 ffff',
    flow: { srcAddr: '192.0.2.0', srcMask: 24, srcAs: 64496, inputIf: 1 },
  },
  {
    scheme: 4,
    title: 'destination prefix',
    record: 'c6330000 10 ff fbf1 0002 ffff',
    flow: { dstAddr: '198.51.0.0', dstMask: 16, dstAs: 64497, outputIf: 2 },
  },
  {
    scheme: 5,
    title: 'both prefixes',
    record: 'c0000200 c6330000 18 10 ffff fbf0 fbf1 0001 0002',
    flow: { ...PREFIXES, ...AS_PAIR, ...INTERFACES },
  },
  {
    scheme: 9,
    title: 'autonomous systems and type of service',
    record: 'fbf0 fbf1 0001 0002 b8 00 0000',
    flow: { ...AS_PAIR, ...INTERFACES, tos: 0xb8 },
  },
  {
    scheme: 10,
    title: 'protocol, ports and type of service',
    record: '06 b8 ffff 01bb c350 0001 0002',
    flow: { protocol: 6, tos: 0xb8, ...PORTS, ...INTERFACES },
  },
  {
    scheme: 11,
    title: 'source prefix and type of service',
    record: 'c0000200 18 b8 fbf0 0001 ffff',
    flow: { srcAddr: '192.0.2.0', srcMask: 24, tos: 0xb8, srcAs: 64496, inputIf: 1 },
  },
  {
    scheme: 12,
    title: 'destination prefix and type of service',
    record: 'c6330000 10 b8 fbf1 0002 ffff',
    flow: { dstAddr: '198.51.0.0', dstMask: 16, tos: 0xb8, dstAs: 64497, outputIf: 2 },
  },
  {
    scheme: 13,
    title: 'both prefixes and type of service',
    record: 'c0000200 c6330000 18 10 b8 ff fbf0 fbf1 0001 0002',
    flow: { ...PREFIXES, tos: 0xb8, ...AS_PAIR, ...INTERFACES },
  },
  {
    scheme: 14,
    title: 'prefixes, ports and type of service',
    record: 'c0000200 c6330000 18 10 b8 06 01bb c350 0001 0002',
    flow: { ...PREFIXES, tos: 0xb8, protocol: 6, ...PORTS, ...INTERFACES },
  },
]

const EXCESS = '"markedTos":32,"extraPkts":4,"routerSc":"192.0.2.254"'
const CATALYST_SCHEMES: readonly SchemeCase[] = [
  {
    scheme: 6,
    title: 'destination (Catalyst)',
    record: `c6336402 ${SWITCHED} 0002 b8 20 00000004 c00002fe`,
    flow: { dstAddr: '198.51.100.2', outputIf: 2, tos: 0xb8 },
  },
  {
    scheme: 7,
    title: 'source and destination (Catalyst)',
    record: `c6336402 c0000201 ${SWITCHED} 0002 0001 b8 20 ffff 00000004 c00002fe`,
    flow: { dstAddr: '198.51.100.2', srcAddr: '192.0.2.1', ...INTERFACES, tos: 0xb8 },
  },
  {
    scheme: 8,
    title: 'full flows (Catalyst)',
    record: `c6336402 c0000201 c350 01bb ${SWITCHED} 0002 0001 b8 06 20 ff 00000004 c00002fe`,
    flow: {
      dstAddr: '198.51.100.2',
      srcAddr: '192.0.2.1',
      ...PORTS,
      ...INTERFACES,
      tos: 0xb8,
      protocol: 6,
    },
  },
]

/** A message with a header of 28 bytes and a record of the given bytes. */
const RECORD_BYTES = [28, 28, 32, 32, 40, 32, 40, 44, 32, 32, 32, 32, 40, 40]

function decodeRecord(scheme: number, record: string): DecodedFlow {
  const { reject, flows } = decodeAlone(wire(v8Header(scheme), record))
  assert.equal(reject, undefined)
  assert.equal(flows.length, 1)
  return flows[0] ?? {}
}

describe('a v8 record', () => {
  for (const { scheme, title, record, flow } of ROUTER_SCHEMES) {
    it(`of scheme ${scheme} has ${title}`, () => {
      const extra = `{"deltaFlowCount":3,"aggregationScheme":${scheme},"aggregationVersion":2}`
      const decoded = decodeRecord(scheme, `${COUNTERS} ${record}`)
      assert.deepEqual(decoded, { ...COUNTED, ...flow, extra })
    })
  }

  for (const { scheme, title, record, flow } of CATALYST_SCHEMES) {
    it(`of scheme ${scheme} has ${title}`, () => {
      const extra = `{${EXCESS},"aggregationScheme":${scheme},"aggregationVersion":2}`
      assert.deepEqual(decodeRecord(scheme, record), { ...COUNTED, ...flow, extra })
    })
  }

  it('of ICMP has a type and a code instead of ports', () => {
    const flow = decodeRecord(2, `${COUNTERS} 01 00 0000 0000 0800`)
    assert.deepEqual([flow.icmpType, flow.icmpCode], [8, 0])
    assert.equal('srcPort' in flow || 'dstPort' in flow, false)
  })

  it('of scheme 9 may have its type of service before the interfaces', () => {
    const flow = decodeRecord(9, `${COUNTERS} fbf0 fbf1 b8 00 0000 0001 0002`)
    assert.deepEqual([flow.tos, flow.inputIf, flow.outputIf], [0xb8, 1, 2])
  })

  it('of scheme 9 is read in the usual order if its padding does not decide', () => {
    const read = (tail: string) => {
      const flow = decodeRecord(9, `${COUNTERS} fbf0 fbf1 ${tail}`)
      return [flow.inputIf, flow.outputIf, flow.tos]
    }
    assert.deepEqual(read('b800 0000 0100 0000'), [0xb800, 0, 1])
    assert.deepEqual(read('0001 0002 b8 ffffff'), [1, 2, 0xb8])
  })

  it('may have its prefix lengths in either order: the prefixes decide', () => {
    const masks = (prefixes: string, lengths: string) => {
      const flow = decodeRecord(5, `${COUNTERS} ${prefixes} ${lengths} 0000 fbf0 fbf1 0001 0002`)
      return [flow.srcMask, flow.dstMask]
    }
    assert.deepEqual(masks('c0000200 c6330000', '18 10'), [24, 16])
    assert.deepEqual(masks('c0000200 c6330000', '10 18'), [24, 16])
    assert.deepEqual(masks('00000000 c6336402', '20 00'), [0, 32])
    assert.deepEqual(masks('c6336402 00000000', '20 00'), [32, 0])
    // Both orders fit, or neither: the order stays.
    assert.deepEqual(masks('0a000000 0a000000', '08 10'), [8, 16])
    assert.deepEqual(masks('c6336402 c6336403', '10 18'), [16, 24])
    assert.deepEqual(masks('c6336402 c6336403', 'ff 40'), [255, 64])
  })
})

describe('a v8 message', () => {
  it('has a header with engine, scheme and version', () => {
    const harness = new DecoderHarness()
    const { counts } = harness.receive(wire(v8Header(1), COUNTERS, 'fbf0 fbf1 0001 0002'))
    const { header } = harness.decoder
    assert.equal(header.exportVersion, 8)
    assert.equal(header.sequence, 16)
    assert.equal(header.observationDomain, 1 * 256 + 7)
    assert.deepEqual([header.aggregationScheme, header.aggregationVersion], [1, 2])
    assert.equal(header.uptimeMs, 100_000_000)
    assert.equal(header.exportMicros, EXPORT_MICROS + 500_000)
    assert.deepEqual(counts, { dataRecords: 1, flowRecords: 1, decodedSets: 1 })
  })

  for (const [index, recordBytes] of RECORD_BYTES.entries()) {
    const scheme = index + 1
    it(`of scheme ${scheme} has records of ${recordBytes} bytes`, () => {
      const records = Buffer.alloc(3 * recordBytes)
      const message = wire(v8Header(scheme, 3), records)
      assert.equal(decodeAlone(message).flows.length, 3)
      assert.equal(decodeAlone(message.subarray(0, -1)).reject, 'count-exceeds-length')
      // The second record begins where the first ends.
      const addressed = ROUTER_SCHEMES.concat(CATALYST_SCHEMES).find((one) => one.scheme === scheme)
      const counters = scheme >= 6 && scheme <= 8 ? '' : COUNTERS
      const record = hex(`${counters} ${addressed?.record ?? ''}`)
      assert.equal(record.length, recordBytes)
      const [first, second] = decodeAlone(wire(v8Header(scheme, 2), record, record)).flows
      assert.deepEqual(second, first)
    })
  }

  it('of an unknown scheme is rejected', () => {
    for (const scheme of [0, 15, 255]) {
      const datagram = wire(v8Header(scheme), Buffer.alloc(100))
      assert.equal(decodeAlone(datagram).reject, 'unsupported-aggregation')
    }
  })

  it('shorter than its header is rejected', () => {
    assert.equal(decodeAlone(v8Header(1).subarray(0, 27)).reject, 'too-short')
    assert.equal(decodeAlone(v8Header(1).subarray(0, 4)).reject, 'too-short')
    assert.deepEqual(decodeAlone(v8Header(1, 0)).flows, [])
  })
})
