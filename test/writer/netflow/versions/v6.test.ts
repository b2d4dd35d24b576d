/** NetFlow v6, byte for byte against Cisco's layout. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import { EXPORT_SECONDS, wire } from '../../../helpers/netflow-bytes.ts'

const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

/** Sequence 4 294 967 294, engine 1/7, sampling of mode 1 and interval 100. */
const HEADER = '0006 0001 05f5e100 6553f100 1dcd6500 fffffffe 01 07 4064'
const RECORD = `
  c0000201 c6336402 cb007103 0001 0002 0000000a 000005dc 05f5c990 05f5d930
  01bb c350 ff 1b 06 b8 fbf0 ffff 18 20 12 16 cb0071fe`

describe('a v6 message', () => {
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
        samplingRate: 100,
        extra: '{"inEncaps":18,"outEncaps":22,"peerNextHop":"203.0.113.254"}',
      },
    ])
    assert.deepEqual(counts, { dataRecords: 1, flowRecords: 1, decodedSets: 1 })
    const { header } = harness.decoder
    assert.equal(header.exportVersion, 6)
    assert.equal(header.sequence, 0xfffffffe)
    assert.equal(header.observationDomain, 1 * 256 + 7)
    assert.equal(header.uptimeMs, 100_000_000)
    assert.equal(header.exportMicros, EXPORT_MICROS + 500_000)
  })

  it('has records of 52 bytes', () => {
    const two = HEADER.replace('0006 0001', '0006 0002')
    const message = wire(two, RECORD, RECORD.replace('c0000201', 'c0000209'))
    assert.equal(message.length, 24 + 2 * 52)
    const addresses = decodeAlone(message).flows.map(({ srcAddr }) => srcAddr)
    assert.deepEqual(addresses, ['192.0.2.1', '192.0.2.9'])
    assert.equal(decodeAlone(message.subarray(0, -1)).reject, 'count-exceeds-length')
    assert.equal(decodeAlone(message.subarray(0, 23)).reject, 'too-short')
  })
})
