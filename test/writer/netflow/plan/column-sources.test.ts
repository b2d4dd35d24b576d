/** The elements of a v9 record that fill columns, and the place of the others. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { flowOf } from '../../../helpers/decoder-harness.ts'

describe('a column', () => {
  const columns = [
    [8, 'c0000201', { srcAddr: '192.0.2.1' }],
    [12, 'ffffffff', { dstAddr: '255.255.255.255' }],
    [15, '00000000', { nextHop: '0.0.0.0' }],
    [27, '20010db8000000000000000000000001', { srcAddr: '2001:db8::1' }],
    [28, '00000000000000000000000000000001', { dstAddr: '::1' }],
    [62, 'fe80000000000000020000fffe000001', { nextHop: 'fe80::200:ff:fe00:1' }],
    [7, '01bb', { srcPort: 443 }],
    [11, 'ffff', { dstPort: 65535 }],
    [4, '06', { protocol: 6 }],
    [5, 'b8', { tos: 184 }],
    [6, '1b', { tcpFlags: 0x1b }],
    [6, '011b', { tcpFlags: 0x11b }],
    [10, '0003', { inputIf: 3 }],
    [14, 'ffffffff', { outputIf: 4294967295 }],
    [252, '00000003', { inputIf: 3 }],
    [253, '00000004', { outputIf: 4 }],
    [1, '000005dc', { bytes: 1500 }],
    [2, '0000000a', { packets: 10 }],
    [16, 'fbf0', { srcAs: 64496 }],
    [17, 'fffffff0', { dstAs: 4294967280 }],
    [9, '18', { srcMask: 24 }],
    [13, '20', { dstMask: 32 }],
    [29, '40', { srcMask: 64 }],
    [30, '80', { dstMask: 128 }],
    [56, '005056c00001', { srcMac: '00:50:56:c0:00:01' }],
    [80, 'ffffffffffff', { dstMac: 'ff:ff:ff:ff:ff:ff' }],
    [81, '005056c00002', { srcMac: '00:50:56:c0:00:02' }],
    [57, '005056c00003', { dstMac: '00:50:56:c0:00:03' }],
    [58, '0fff', { srcVlan: 4095 }],
    [59, '0001', { dstVlan: 1 }],
    [243, '0064', { srcVlan: 100 }],
    [254, '0065', { dstVlan: 101 }],
    [61, '00', { direction: 0 }],
    [61, '01', { direction: 1 }],
    [89, '40', { forwardingStatus: 64 }],
    [89, '00000080', { forwardingStatus: 128 }],
    [136, '03', { flowEndReason: 3 }],
    [233, '02', { event: 2 }],
    [230, '01', { event: 1 }],
  ] as const

  for (const [id, value, flow] of columns) {
    it(`is filled by element ${id} of ${value.length / 2} bytes: ${Object.keys(flow)}`, () => {
      assert.deepEqual(flowOf([id, value]), flow)
    })
  }

  it('stays empty when the exporter has no field for it', () => {
    assert.deepEqual(flowOf([4, '06']), { protocol: 6 })
  })
})

describe('bytes and packets', () => {
  it('are the input counters; the output counters are kept, never added', () => {
    const flow = flowOf([23, '0064'], [1, '0064'], [24, '02'], [2, '01'])
    const extra = '{"postOctetDeltaCount":100,"postPacketDeltaCount":2}'
    assert.deepEqual(flow, { bytes: 100, packets: 1, extra })
  })

  it('are the input counters even if these are zero', () => {
    const flow = flowOf([1, '00'], [23, '64'])
    assert.deepEqual(flow, { bytes: 0, extra: '{"postOctetDeltaCount":100}' })
  })

  it('are the output counters if there are no others', () => {
    assert.deepEqual(flowOf([23, '0064'], [24, '01']), { bytes: 100, packets: 1 })
  })

  it('are the initiator counters before totals, totals before layer 2 octets', () => {
    assert.equal(flowOf([352, '04'], [85, '03'], [231, '02'], [23, '01']).bytes, 1)
    assert.equal(flowOf([352, '04'], [85, '03'], [231, '02']).bytes, 2)
    assert.equal(flowOf([352, '04'], [85, '03']).bytes, 3)
    assert.equal(flowOf([352, '04']).bytes, 4)
    assert.equal(flowOf([86, '03'], [298, '02'], [24, '01']).packets, 1)
    assert.equal(flowOf([86, '03'], [298, '02']).packets, 2)
    assert.equal(flowOf([86, '03']).packets, 3)
  })

  it('keep all 64 bits', () => {
    assert.deepEqual(flowOf([1, '0020000000000001'], [2, '7fffffffffffffff']), {
      bytes: 9007199254740993n,
      packets: 9223372036854775807n,
    })
  })

  it('of 2⁶³ and more are absent, exact in extra', () => {
    const flow = flowOf([1, '8000000000000000'], [2, 'ffffffffffffffff'])
    const extra = '{"octetDeltaCount":9223372036854775808,"packetDeltaCount":18446744073709551615}'
    assert.deepEqual(flow, { extra })
  })
})

describe('the preferred element of a column', () => {
  it('wins at any place in the template', () => {
    const winner = { inputIf: 1, srcVlan: 2, event: 3, srcPort: 4 }
    const fields = [
      [252, '11'],
      [10, '01'],
      [243, '12'],
      [58, '02'],
      [230, '13'],
      [233, '03'],
      [180, '14'],
      [7, '04'],
    ] as const
    const extra =
      '{"ingressPhysicalInterface":17,"dot1qVlanId":18,"natEvent":19,"udpSourcePort":20}'
    assert.deepEqual(flowOf(...fields), { ...winner, extra })
    const reversed = flowOf(...[...fields].reverse())
    assert.deepEqual({ ...reversed, extra }, { ...winner, extra })
  })

  it('for the ports is the transport port, else that of UDP or TCP', () => {
    assert.deepEqual(flowOf([180, '0035'], [181, '0036']), { srcPort: 53, dstPort: 54 })
    assert.deepEqual(flowOf([182, '0050'], [183, '0051']), { srcPort: 80, dstPort: 81 })
  })

  it('for the ports of a template with UDP and TCP ports is that of the protocol', () => {
    const ports = (protocol: string, ...[udp, tcp]: readonly [string, string]) =>
      flowOf([4, protocol], [180, udp], [182, tcp], [181, udp], [183, tcp])
    assert.deepEqual(ports('06', '0000', '0050'), { protocol: 6, srcPort: 80, dstPort: 80 })
    assert.deepEqual(ports('11', '0035', '0000'), { protocol: 17, srcPort: 53, dstPort: 53 })
    const extra = '{"tcpSourcePort":80,"tcpDestinationPort":80}'
    assert.deepEqual(ports('11', '0035', '0050'), { protocol: 17, srcPort: 53, dstPort: 53, extra })
    const flow = flowOf([4, '06'], [7, '0001'], [180, '0002'], [182, '0003'])
    assert.deepEqual(flow, {
      protocol: 6,
      srcPort: 1,
      extra: '{"udpSourcePort":2,"tcpSourcePort":3}',
    })
  })

  it('for the MACs is the address as received, not as sent on', () => {
    const flow = flowOf([81, '000000000001'], [56, '000000000002'])
    assert.deepEqual(flow, {
      srcMac: '00:00:00:00:00:02',
      extra: '{"postSourceMacAddress":"00:00:00:00:00:01"}',
    })
  })

  it('for the type of service is the octet, else the shifted DSCP', () => {
    assert.deepEqual(flowOf([195, '2e']), { tos: 184 })
    const flow = flowOf([195, '2e'], [5, 'b9'])
    assert.deepEqual(flow, { tos: 185, extra: '{"ipDiffServCodePoint":46}' })
    assert.deepEqual(flowOf([195, '40']), { extra: '{"ipDiffServCodePoint":64}' })
  })
})

describe('reduced and enlarged sizes', () => {
  const integers = [
    [1, 'bytes'],
    [2, 'packets'],
    [7, 'srcPort'],
    [11, 'dstPort'],
    [4, 'protocol'],
    [5, 'tos'],
    [6, 'tcpFlags'],
    [10, 'inputIf'],
    [14, 'outputIf'],
    [16, 'srcAs'],
    [17, 'dstAs'],
    [9, 'srcMask'],
    [13, 'dstMask'],
    [58, 'srcVlan'],
    [59, 'dstVlan'],
    [61, 'direction'],
    [89, 'forwardingStatus'],
    [136, 'flowEndReason'],
    [233, 'event'],
    [34, 'samplingRate'],
  ] as const

  for (const [id, name] of integers) {
    it(`of ${name}, 1 to 8 bytes, hold the same number`, () => {
      for (let length = 1; length <= 8; length++) {
        const value = '7b'.padStart(length * 2, '0')
        assert.deepEqual(flowOf([id, value]), { [name]: 123 }, `${length} bytes`)
      }
    })
  }

  it('of counters keep every bit', () => {
    assert.equal(flowOf([1, '123456']).bytes, 0x123456)
    assert.equal(flowOf([1, '123456789a']).bytes, 0x123456789a)
    assert.equal(flowOf([1, '123456789abc']).bytes, 0x123456789abc)
    assert.equal(flowOf([1, '123456789abcde']).bytes, 0x123456789abcde)
  })

  it('that no integer has are written as sent', () => {
    assert.deepEqual(flowOf([1, '000000000000000001']), {
      extra: '{"octetDeltaCount":"000000000000000001"}',
    })
    assert.deepEqual(flowOf([8, 'c00002']), { extra: '{"sourceIPv4Address":"c00002"}' })
    assert.deepEqual(flowOf([27, 'c0000201']), { extra: '{"sourceIPv6Address":"c0000201"}' })
    assert.deepEqual(flowOf([56, '0050']), { extra: '{"sourceMacAddress":"0050"}' })
  })

  it('of a value too large for its column keep it in extra, exactly', () => {
    assert.deepEqual(flowOf([4, '8000']), { extra: '{"protocolIdentifier":32768}' })
    assert.deepEqual(flowOf([7, '80000000']), { extra: '{"sourceTransportPort":2147483648}' })
    const extra = '{"ingressInterface":9007199254740993}'
    assert.deepEqual(flowOf([10, '0020000000000001']), { extra })
    assert.deepEqual(flowOf([4, '7fff'], [7, '7fffffff'], [10, '001fffffffffffff']), {
      protocol: 32767,
      srcPort: 2147483647,
      inputIf: 9007199254740991,
    })
  })
})
