import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PROTOCOL } from './ethernet-frames.ts'
import { encodeCapture, flowKey, sumFlows } from './packet-capture.ts'

const PACKET = {
  srcAddr: '192.0.2.1',
  dstAddr: '198.51.100.2',
  protocol: PROTOCOL.udp,
  srcPort: 5000,
  dstPort: 53,
  payloadBytes: 12,
} as const

describe('captures', () => {
  it('hold each packet with its time and both lengths', () => {
    const file = encodeCapture([{ ...PACKET, atMs: 1_700_000_000_250 }])
    const header = 'a1b2c3d4000200040000000000000000' + '0000ffff00000001'
    assert.equal(file.subarray(0, 24).toString('hex'), header)
    assert.equal(file.subarray(24, 40).toString('hex'), '6553f1000003d0900000003600000036')
    assert.equal(file.length, 40 + 54)
  })

  it('are summed by flow: each direction apart, lengths without Ethernet', () => {
    const answer = { srcAddr: '198.51.100.2', dstAddr: '192.0.2.1', srcPort: 53, dstPort: 5000 }
    const flows = sumFlows([
      { ...PACKET, atMs: 3000 },
      { ...PACKET, atMs: 1000, payloadBytes: 2 },
      { ...PACKET, ...answer, atMs: 2000 },
    ])
    assert.equal(flows.size, 2)
    const { payloadBytes: _, ...ends } = PACKET
    assert.deepEqual(flows.get(flowKey(PACKET)), {
      ...ends,
      packets: 2,
      bytes: 40 + 30,
      firstMs: 1000,
      lastMs: 3000,
    })
  })
})
