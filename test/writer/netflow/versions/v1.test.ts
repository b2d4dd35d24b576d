/** NetFlow v1, byte for byte against Cisco's layout. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import { EXPORT_SECONDS, hex, wire } from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

/** uptime 100 000 000 ms, 1 700 000 000 s 500 000 000 ns; one record. */
const HEADER = '0001 0001 05f5e100 6553f100 1dcd6500'
const RECORD = `
  c0000201 c6336402 cb007103 0001 ffff 0000000a 000005dc 05f5c990 05f5d930
  01bb c350 0000 06 b8 1b 000000 00000000`

describe('a v1 message', () => {
  it('gives every field of its records, and nothing that v1 does not have', () => {
    const harness = new DecoderHarness()
    const message = wire(
      HEADER.replace('0001 0001', '0001 0002'),
      RECORD,
      `c0000202 c6336403 00000000 0000 0000 ffffffff ffffffff 05f5e100 05f5e100
       0000 0035 ffff 11 00 ff ffffff ffffffff`,
    )
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
        protocol: 6,
        tos: 0xb8,
        tcpFlags: 0x1b,
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
        protocol: 17,
        tos: 0,
        tcpFlags: 255,
      },
    ])
    assert.deepEqual(counts, { dataRecords: 2, flowRecords: 2, decodedSets: 1 })
    assert.deepEqual(problems, [])
  })

  it('has neither engine nor sequence nor sampling, whatever came before it', () => {
    const harness = new DecoderHarness()
    harness.receive(hex('0005 0000 00000000 00000000 00000000 00000007 01 02 0064'))
    const { flows } = harness.receive(wire(HEADER, RECORD))
    const { header } = harness.decoder
    assert.equal(header.exportVersion, 1)
    assert.deepEqual([header.observationDomain, header.sequence, header.samplingRate], [0, 0, 0])
    assert.equal(header.uptimeMs, 100_000_000)
    assert.equal(header.exportMicros, EXPORT_MICROS + 500_000)
    assert.equal(flows[0]?.samplingRate, undefined)
  })

  it('of ICMP has a type and a code instead of ports', () => {
    const icmp = RECORD.replace('01bb c350 0000 06', '0000 0301 0000 01')
    const [flow = {}] = decodeAlone(wire(HEADER, icmp)).flows
    assert.deepEqual([flow.icmpType, flow.icmpCode, flow.protocol], [3, 1, 1])
    assert.equal('srcPort' in flow || 'dstPort' in flow, false)
  })

  it('that is shorter than it says is rejected', () => {
    const whole = wire(HEADER, RECORD)
    assert.equal(whole.length, 16 + 48)
    assert.equal(decodeAlone(whole.subarray(0, 15)).reject, 'too-short')
    assert.equal(decodeAlone(whole.subarray(0, 63)).reject, 'count-exceeds-length')
    assert.deepEqual(decodeAlone(hex(HEADER.replace('0001 0001', '0001 0000'))).flows, [])
  })
})
