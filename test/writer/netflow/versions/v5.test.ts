/** NetFlow v5, byte for byte against Cisco's layout, and what its fields mean. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DecodedFlow, DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  hex,
  oneRecordMessage,
  UPTIME_MS,
  wire,
} from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

/** A v5 message: header fields and whole records in hex. */
function v5Message(header: string, ...records: readonly string[]): Buffer {
  return wire(header, ...records)
}

/** uptime 100 000 000 ms, 1 700 000 000 s 0 ns, sequence 0, engine 0/0, no sampling. */
const HEADER = '0005 0001 05f5e100 6553f100 00000000 00000000 00 00 0000'

interface RecordParts {
  readonly first?: number
  readonly last?: number
  readonly ports?: string
  readonly protocol?: string
}

function v5Record({ first, last, ports, protocol }: RecordParts): string {
  const word = (value = UPTIME_MS) => value.toString(16).padStart(8, '0')
  return `c0000201 c6336402 cb007103 0001 0002 0000000a 000005dc ${word(first)} ${word(last)}
    ${ports ?? '01bb c350'} 00 1b ${protocol ?? '06'} 08 fbf0 fbff 18 10 0000`
}

function v5Flow(parts: RecordParts, header = HEADER): DecodedFlow {
  const { flows } = decodeAlone(v5Message(header, v5Record(parts)))
  assert.equal(flows.length, 1)
  return flows[0] ?? {}
}

describe('a v5 message', () => {
  it('gives every field of header and record', () => {
    const harness = new DecoderHarness()
    const message = hex(`
      0005 0002 05f5e100 6553f100 1dcd6500 fffffffe 01 07 4064
      c0000201 c6336402 cb007103 0001 ffff 0000000a 000005dc 05f5c990 05f5d930
      01bb c350 00 1b 06 b8 fbf0 ffff 18 20 0000
      c0000202 c6336403 00000000 0000 0000 ffffffff ffffffff 05f5e100 05f5e100
      0000 0035 ff ff 11 00 0000 0000 00 00 ffff`)
    const { reject, flows, counts, problems } = harness.receive(message)
    assert.equal(reject, undefined)
    assert.deepEqual(flows, [
      {
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
        tcpFlags: 0x1b,
        protocol: 6,
        tos: 0xb8,
        srcAs: 64496,
        dstAs: 65535,
        srcMask: 24,
        dstMask: 32,
        samplingRate: 100,
      },
      {
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
        tcpFlags: 255,
        protocol: 17,
        tos: 0,
        srcAs: 0,
        dstAs: 0,
        srcMask: 0,
        dstMask: 0,
        samplingRate: 100,
      },
    ])
    assert.deepEqual(counts, { dataRecords: 2, flowRecords: 2, decodedSets: 1 })
    assert.deepEqual(problems, [])
    const { header } = harness.decoder
    assert.equal(header.exportVersion, 5)
    assert.equal(header.sequence, 0xfffffffe)
    assert.equal(header.count, 2)
    assert.equal(header.observationDomain, 1 * 256 + 7)
    assert.equal(header.uptimeMs, 100_000_000)
    assert.equal(header.exportMicros, EXPORT_MICROS + 500_000)
  })

  it('has an engine type and id of 8 bits each as its observation domain', () => {
    const harness = new DecoderHarness()
    harness.receive(hex('0005 0000 00000000 00000000 00000000 00000000 ff fe 0000'))
    assert.equal(harness.decoder.header.observationDomain, 0xfffe)
  })

  it('of no records is decoded and gives no flows', () => {
    const { reject, flows, counts } = decodeAlone(hex(HEADER.replace('0005 0001', '0005 0000')))
    assert.deepEqual([reject, flows, counts], [undefined, [], { decodedSets: 1 }])
  })

  it('that counts more records than it carries is rejected', () => {
    const twice = HEADER.replace('0005 0001', '0005 0002')
    assert.equal(decodeAlone(v5Message(twice, v5Record({}))).reject, 'count-exceeds-length')
    const whole = v5Message(HEADER, v5Record({}))
    assert.equal(decodeAlone(whole.subarray(0, 71)).reject, 'count-exceeds-length')
    assert.equal(decodeAlone(whole).reject, undefined)
    const most = HEADER.replace('0005 0001', '0005 ffff')
    assert.equal(decodeAlone(v5Message(most, v5Record({}))).reject, 'count-exceeds-length')
  })

  it('shorter than its header is rejected', () => {
    assert.equal(decodeAlone(hex(HEADER).subarray(0, 23)).reject, 'too-short')
    assert.equal(decodeAlone(hex('0005')).reject, 'too-short')
  })

  it('ends with its last record, whatever stands behind it', () => {
    const { flows } = decodeAlone(wire(HEADER, v5Record({}), v5Record({}), 'ffff'))
    assert.equal(flows.length, 1)
  })

  it('of more than 30 records is decoded in full', () => {
    const header = HEADER.replace('0005 0001', '0005 0028')
    const { flows } = decodeAlone(v5Message(header, ...new Array(40).fill(v5Record({}))))
    assert.equal(flows.length, 40)
  })
})

describe('the sampling header of v5', () => {
  const rate = (sampling: string) => v5Flow({}, HEADER.replace(/0000$/, sampling)).samplingRate

  it('has two bits of mode before the interval', () => {
    assert.equal(rate('0064'), 100)
    assert.equal(rate('4064'), 100)
    assert.equal(rate('8064'), 100)
    assert.equal(rate('ffff'), 16383)
    assert.equal(rate('4001'), 1)
  })

  it('of interval 0 says nothing, so the rate is absent', () => {
    assert.equal(rate('0000'), undefined)
    assert.equal(rate('4000'), undefined)
    assert.equal(rate('c000'), undefined)
  })
})

describe('the times of v5', () => {
  const ago = (ms: number) => EXPORT_MICROS - ms * 1000

  it('count back from the export time by the uptime', () => {
    const flow = v5Flow({ first: UPTIME_MS - 60_000, last: UPTIME_MS - 1 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(60_000), ago(1)])
  })

  it('survive the wrap of the uptime after 49.7 days', () => {
    const header = HEADER.replace('05f5e100', '000003e8')
    const flow = v5Flow({ first: 2 ** 32 - 5000, last: 500 }, header)
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(6000), ago(500)])
  })

  it('cover flows that are almost 49.7 days old', () => {
    const oldest = 2 ** 32 - 600_000
    const flow = v5Flow({ first: UPTIME_MS - oldest + 2 ** 32, last: UPTIME_MS })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(oldest), ago(0)])
  })

  it('may lie up to ten minutes after the header', () => {
    const flow = v5Flow({ first: UPTIME_MS + 1, last: UPTIME_MS + 599_999 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(-1), ago(-599_999)])
  })

  it('are swapped when the end lies less than a second before the start', () => {
    const flow = v5Flow({ first: UPTIME_MS, last: UPTIME_MS - 999 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(999), ago(0)])
  })

  it('believe an end that lies a second or more before the start', () => {
    const flow = v5Flow({ first: UPTIME_MS, last: UPTIME_MS - 1000 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(1000), ago(1000)])
  })

  it('are kept, and counted, when the clock of the exporter starts in 1970', () => {
    const header = HEADER.replace('6553f100', '00000000')
    const decoded = decodeAlone(v5Message(header, v5Record({ first: UPTIME_MS - 5000 })))
    assert.equal(decoded.flows[0]?.flowStart, -5_000_000)
    assert.equal(decoded.flows[0]?.flowEnd, 0)
    assert.equal(decoded.counts.implausibleTimes, 1)
  })
})

describe('the ports of v5', () => {
  const icmp = (flow: DecodedFlow) => [flow.icmpType, flow.icmpCode, flow.extra]

  it('of ICMP hold type and code, and are no ports', () => {
    const flow = v5Flow({ protocol: '01', ports: '0000 0303' })
    assert.deepEqual(icmp(flow), [3, 3, undefined])
    assert.equal('srcPort' in flow || 'dstPort' in flow, false)
    assert.deepEqual(icmp(v5Flow({ protocol: '01', ports: '0000 0800' })), [8, 0, undefined])
    assert.deepEqual(icmp(v5Flow({ protocol: '01', ports: '0000 0000' })), [0, 0, undefined])
    assert.deepEqual(icmp(v5Flow({ protocol: '3a', ports: '0000 8701' })), [135, 1, undefined])
  })

  it('of ICMP that are not type and code go to extra', () => {
    const flow = v5Flow({ protocol: '01', ports: '1234 0800' })
    const extra = '{"sourceTransportPort":4660,"destinationTransportPort":2048}'
    assert.deepEqual(icmp(flow), [undefined, undefined, extra])
    assert.equal('srcPort' in flow || 'dstPort' in flow, false)
  })

  it('of other protocols are kept as they came', () => {
    const flow = v5Flow({ protocol: '2f', ports: '0000 0000' })
    assert.deepEqual([flow.srcPort, flow.dstPort, flow.icmpType], [0, 0, undefined])
  })

  it('of ICMP take nothing from a v9 record that was decoded before', () => {
    const harness = new DecoderHarness()
    harness.receive(
      oneRecordMessage([
        [4, '01'],
        [32, '0305'],
        [34, '00000064'],
      ]),
    )
    const message = v5Message(HEADER, v5Record({ protocol: '01', ports: '0000 0800' }))
    const [flow = {}] = harness.receive(message).flows
    assert.deepEqual(icmp(flow), [8, 0, undefined])
  })
})
