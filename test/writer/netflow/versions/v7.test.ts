/** NetFlow v7, byte for byte against Cisco's layout. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import { EXPORT_SECONDS, wire } from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

/** Sequence 42; where v5 has engine and sampling, v7 has reserved bytes. */
const HEADER = '0007 0001 05f5e100 6553f100 1dcd6500 0000002a ffffffff'
const RECORD = `
  c0000201 c6336402 cb007103 0001 0002 0000000a 000005dc 05f5c990 05f5d930
  01bb c350 03 1b 06 b8 fbf0 ffff 18 20 0102 c00002fe`

describe('a v7 message', () => {
  it('gives every field of header and record', () => {
    const harness = new DecoderHarness()
    const { reject, flows, counts } = harness.receive(wire(HEADER, RECORD))
    assert.equal(reject, undefined)
    assert.deepEqual(flows, [
      {
        srcAddr: '192.0.2.1',
        dstAddr: '198.51.100.2',
        nextHop: '203.0.113.3',
        inputIf: 1,
        outputIf: 2,
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
        extra: '{"flags":3,"flags2":258,"routerSc":"192.0.2.254"}',
      },
    ])
    assert.deepEqual(counts, { dataRecords: 1, flowRecords: 1, decodedSets: 1 })
    const { header } = harness.decoder
    assert.equal(header.exportVersion, 7)
    assert.equal(header.sequence, 42)
    assert.equal(header.uptimeMs, 100_000_000)
    assert.equal(header.exportMicros, EXPORT_MICROS + 500_000)
  })

  it('takes no engine and no sampling from the reserved bytes of its header', () => {
    const harness = new DecoderHarness()
    const [flow = {}] = harness.receive(wire(HEADER, RECORD)).flows
    assert.equal(harness.decoder.header.observationDomain, 0)
    assert.equal(flow.samplingRate, undefined)
  })

  it('has records of 52 bytes', () => {
    const two = HEADER.replace('0007 0001', '0007 0002')
    const message = wire(two, RECORD, RECORD.replace('c0000201', 'c0000209'))
    assert.equal(message.length, 24 + 2 * 52)
    const addresses = decodeAlone(message).flows.map(({ srcAddr }) => srcAddr)
    assert.deepEqual(addresses, ['192.0.2.1', '192.0.2.9'])
    assert.equal(decodeAlone(message.subarray(0, -1)).reject, 'count-exceeds-length')
    assert.equal(decodeAlone(message.subarray(0, 23)).reject, 'too-short')
  })

  it('keeps nothing of flags that say nothing and of no router', () => {
    const silent = RECORD.replace('c350 03', 'c350 00').replace('0102 c00002fe', '0000 00000000')
    assert.equal('extra' in (decodeAlone(wire(HEADER, silent)).flows[0] ?? {}), false)
    const one = RECORD.replace('c350 03', 'c350 00').replace('c00002fe', '00000000')
    assert.equal(decodeAlone(wire(HEADER, one)).flows[0]?.extra, '{"flags2":258}')
  })

  it('keeps port values of ICMP that are no type and code beside its own fields', () => {
    const odd = RECORD.replace('01bb c350 03 1b 06', '0008 0000 03 1b 01')
    const [flow = {}] = decodeAlone(wire(HEADER, odd)).flows
    const extra = '{"flags":3,"flags2":258,"routerSc":"192.0.2.254","sourceTransportPort":8}'
    assert.deepEqual([flow.icmpType, flow.srcPort, flow.extra], [undefined, undefined, extra])
  })
})
