/** The meaning of values that v1, v5, v6 and v7 share, by example of v5. */

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
  const { flows } = decodeAlone(wire(header, v5Record(parts)))
  assert.equal(flows.length, 1)
  return flows[0] ?? {}
}

describe('the engine of v5', () => {
  it('has a type and an id of 8 bits each; together they are the observation domain', () => {
    const harness = new DecoderHarness()
    harness.receive(hex('0005 0000 00000000 00000000 00000000 00000000 ff fe 0000'))
    assert.equal(harness.decoder.header.observationDomain, 0xfffe)
  })
})

describe('the sampling header of v5', () => {
  const rate = (sampling: string) => v5Flow({}, HEADER.replace(/0000$/, sampling)).samplingRate

  it('has a mode of two bits before the interval', () => {
    assert.equal(rate('0064'), 100)
    assert.equal(rate('4064'), 100)
    assert.equal(rate('8064'), 100)
    assert.equal(rate('ffff'), 16383)
    assert.equal(rate('4001'), 1)
  })

  it('of interval 0 leaves the rate absent', () => {
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

  it('may be up to ten minutes after the header', () => {
    const flow = v5Flow({ first: UPTIME_MS + 1, last: UPTIME_MS + 599_999 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(-1), ago(-599_999)])
  })

  it('are swapped if the end is less than a second before the start', () => {
    const flow = v5Flow({ first: UPTIME_MS, last: UPTIME_MS - 999 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(999), ago(0)])
  })

  it('keep an end that is a second or more before the start, and move the start there', () => {
    const flow = v5Flow({ first: UPTIME_MS, last: UPTIME_MS - 1000 })
    assert.deepEqual([flow.flowStart, flow.flowEnd], [ago(1000), ago(1000)])
  })

  it('are kept, and counted as implausible, when the clock of the exporter starts in 1970', () => {
    const header = HEADER.replace('6553f100', '00000000')
    const decoded = decodeAlone(wire(header, v5Record({ first: UPTIME_MS - 5000 })))
    assert.equal(decoded.flows[0]?.flowStart, -5_000_000)
    assert.equal(decoded.flows[0]?.flowEnd, 0)
    assert.equal(decoded.counts.implausibleTimes, 1)
  })
})

describe('the ports of v5', () => {
  const icmp = (flow: DecodedFlow) => [flow.icmpType, flow.icmpCode, flow.extra]

  it('of ICMP become type and code', () => {
    const flow = v5Flow({ protocol: '01', ports: '0000 0303' })
    assert.deepEqual(icmp(flow), [3, 3, undefined])
    assert.equal('srcPort' in flow || 'dstPort' in flow, false)
    assert.deepEqual(icmp(v5Flow({ protocol: '01', ports: '0000 0800' })), [8, 0, undefined])
    assert.deepEqual(icmp(v5Flow({ protocol: '01', ports: '0000 0000' })), [0, 0, undefined])
    assert.deepEqual(icmp(v5Flow({ protocol: '3a', ports: '0000 8701' })), [135, 1, undefined])
  })

  it('of ICMP that are neither type nor code go to extra', () => {
    const flow = v5Flow({ protocol: '01', ports: '1234 0800' })
    const extra = '{"sourceTransportPort":4660,"destinationTransportPort":2048}'
    assert.deepEqual(icmp(flow), [undefined, undefined, extra])
    assert.equal('srcPort' in flow || 'dstPort' in flow, false)
  })

  it('of other protocols are kept as sent', () => {
    const flow = v5Flow({ protocol: '2f', ports: '0000 0000' })
    assert.deepEqual([flow.srcPort, flow.dstPort, flow.icmpType], [0, 0, undefined])
  })

  it('of ICMP take nothing from an earlier v9 record', () => {
    const harness = new DecoderHarness()
    harness.receive(
      oneRecordMessage([
        [4, '01'],
        [32, '0305'],
        [34, '00000064'],
      ]),
    )
    const message = wire(HEADER, v5Record({ protocol: '01', ports: '0000 0800' }))
    const [flow = {}] = harness.receive(message).flows
    assert.deepEqual(icmp(flow), [8, 0, undefined])
  })
})
