/** Values from several fields of a v9 record: ICMP type and code, and the other direction. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAlone, flowOf, flowsOf } from '../../../helpers/decoder-harness.ts'
import { type FieldBytes, oneRecordMessage } from '../../../helpers/netflow-bytes.ts'

describe('ICMP type and code', () => {
  const icmp = (...fields: readonly FieldBytes[]) => flowOf([4, '01'], ...fields)
  const echo = { protocol: 1, icmpType: 8, icmpCode: 0 }

  it('come from elements 176 and 177, or 178 and 179', () => {
    assert.deepEqual(icmp([176, '08'], [177, '00']), echo)
    const flow = flowOf([4, '3a'], [178, '86'], [179, '01'])
    assert.deepEqual(flow, { protocol: 58, icmpType: 134, icmpCode: 1 })
    assert.deepEqual(icmp([176, '08']), { protocol: 1, icmpType: 8 })
  })

  it('come from element 32 or 139, type × 256 + code', () => {
    assert.deepEqual(icmp([32, '0303']), { protocol: 1, icmpType: 3, icmpCode: 3 })
    const flow = flowOf([4, '3a'], [139, '8000'])
    assert.deepEqual(flow, { protocol: 58, icmpType: 128, icmpCode: 0 })
  })

  it('come from the destination port if the source port is 0 or missing', () => {
    assert.deepEqual(icmp([7, '0000'], [11, '0800']), echo)
    assert.deepEqual(icmp([11, '0800']), echo)
    assert.deepEqual(icmp([7, '0000'], [11, '0000']), { protocol: 1, icmpType: 0, icmpCode: 0 })
  })

  it('prefer 176 and 177 to 32, and 32 to the port', () => {
    assert.deepEqual(icmp([176, '08'], [177, '00'], [32, '0800'], [11, '0800']), echo)
    assert.deepEqual(icmp([176, '08'], [177, '00'], [32, '0303'], [11, '0b00']), {
      ...echo,
      extra: '{"icmpTypeCodeIPv4":771,"destinationTransportPort":2816}',
    })
    assert.deepEqual(icmp([32, '0800'], [11, '0303']), {
      ...echo,
      extra: '{"destinationTransportPort":771}',
    })
  })

  it('leave no ports; other port values go to extra', () => {
    assert.deepEqual(icmp([176, '08'], [177, '00'], [7, '1234'], [11, '0000']), {
      ...echo,
      extra: '{"sourceTransportPort":4660}',
    })
    assert.deepEqual(icmp([7, '1234'], [11, '0800']), {
      protocol: 1,
      extra: '{"sourceTransportPort":4660,"destinationTransportPort":2048}',
    })
  })

  it('of a template for both protocols are those of the record', () => {
    const both = (protocol: string, ...values: readonly [string, string, string, string]) => {
      const [type4, code4, type6, code6] = values
      return flowOf([4, protocol], [176, type4], [177, code4], [178, type6], [179, code6])
    }
    assert.deepEqual(both('3a', '00', '00', '80', '01'), {
      protocol: 58,
      icmpType: 128,
      icmpCode: 1,
    })
    assert.deepEqual(both('01', '08', '01', '00', '00'), { protocol: 1, icmpType: 8, icmpCode: 1 })
    assert.deepEqual(both('01', '08', '01', '80', '00'), {
      protocol: 1,
      icmpType: 8,
      icmpCode: 1,
      extra: '{"icmpTypeIPv6":128}',
    })
    const mixed = flowOf([4, '3a'], [32, '0000'], [139, '8001'])
    assert.deepEqual(mixed, { protocol: 58, icmpType: 128, icmpCode: 1 })
    assert.deepEqual(flowOf([4, '3a'], [32, '8001']), { protocol: 58, icmpType: 128, icmpCode: 1 })
  })

  it('may be missing', () => {
    assert.deepEqual(icmp([8, 'c0000201']), { protocol: 1, srcAddr: '192.0.2.1' })
  })

  it('that do not fit are kept in extra', () => {
    assert.deepEqual(icmp([176, '0100'], [177, '00']), {
      protocol: 1,
      icmpCode: 0,
      extra: '{"icmpTypeIPv4":256}',
    })
    assert.deepEqual(icmp([32, '00010000']), { protocol: 1, extra: '{"icmpTypeCodeIPv4":65536}' })
    assert.deepEqual(icmp([11, '00010000']), {
      protocol: 1,
      extra: '{"destinationTransportPort":65536}',
    })
  })

  it('of a template for ICMP and ICMPv6 are those of the protocol, in any order', () => {
    const fields: readonly FieldBytes[] = [
      [32, '0800'],
      [139, '8001'],
      [176, '08'],
      [178, '80'],
      [177, '00'],
      [179, '01'],
    ]
    const echo6 = { protocol: 58, icmpType: 128, icmpCode: 1 }
    for (const order of [fields, [...fields].reverse()]) {
      const { extra, ...four } = icmp(...order)
      assert.deepEqual(four, echo)
      assert.deepEqual(JSON.parse(String(extra)), {
        icmpTypeCodeIPv6: 32_769,
        icmpTypeIPv6: 128,
        icmpCodeIPv6: 1,
      })
      const { extra: extra6, ...six } = flowOf([4, '3a'], ...order)
      assert.deepEqual(six, echo6)
      assert.deepEqual(JSON.parse(String(extra6)), { icmpTypeCodeIPv4: 2048, icmpTypeIPv4: 8 })
    }
    assert.deepEqual(flowOf([4, '3a'], [32, '0000'], [139, '8001']), echo6)
  })

  it('of a template without a protocol imply it', () => {
    assert.deepEqual(flowOf([32, '0800']), echo)
    assert.deepEqual(flowOf([139, '8000']), { protocol: 58, icmpType: 128, icmpCode: 0 })
  })

  it('in a record of another protocol are kept in extra unless they are 0', () => {
    const ports = { protocol: 6, srcPort: 443, dstPort: 50000 }
    const tcp: readonly FieldBytes[] = [
      [4, '06'],
      [7, '01bb'],
      [11, 'c350'],
    ]
    assert.deepEqual(flowOf(...tcp, [32, '0000']), ports)
    assert.deepEqual(flowOf(...tcp, [139, '0102']), { ...ports, extra: '{"icmpTypeCodeIPv6":258}' })
    const typeAndCode = flowOf(...tcp, [176, '03'], [177, '04'])
    assert.deepEqual(typeAndCode, { ...ports, extra: '{"icmpTypeIPv4":3,"icmpCodeIPv4":4}' })
  })
})

describe('a record with both directions (ASA NSEL)', () => {
  const ends: readonly FieldBytes[] = [
    [8, 'c0000201'],
    [12, 'c6336402'],
    [7, 'c350'],
    [11, '01bb'],
    [10, '0003'],
    [14, '0004'],
    [16, 'fbf0'],
    [17, 'fbf1'],
    [9, '18'],
    [13, '10'],
    [4, '06'],
    [233, '02'],
  ]
  const common = { protocol: 6, event: 2 }
  const forward = {
    srcAddr: '192.0.2.1',
    dstAddr: '198.51.100.2',
    srcPort: 50000,
    dstPort: 443,
    inputIf: 3,
    outputIf: 4,
    srcAs: 64496,
    dstAs: 64497,
    srcMask: 24,
    dstMask: 16,
    ...common,
  }
  const reverse = {
    srcAddr: '198.51.100.2',
    dstAddr: '192.0.2.1',
    srcPort: 443,
    dstPort: 50000,
    inputIf: 4,
    outputIf: 3,
    srcAs: 64497,
    dstAs: 64496,
    srcMask: 16,
    dstMask: 24,
    ...common,
  }

  it('becomes two flows, the second with its ends swapped', () => {
    const flows = flowsOf(...ends, [231, '00000064'], [232, '000000c8'], [298, '01'], [299, '02'])
    assert.deepEqual(flows, [
      { ...forward, bytes: 100, packets: 1 },
      { ...reverse, bytes: 200, packets: 2 },
    ])
  })

  it('counts as one record', () => {
    const { counts } = decodeAlone(oneRecordMessage([...ends, [231, '64'], [232, 'c8']]))
    assert.deepEqual([counts.dataRecords, counts.flowRecords], [1, 2])
  })

  it('swaps a field that only one end has', () => {
    const flows = flowsOf(
      [8, 'c0000201'],
      [7, '0001'],
      [56, '000000000001'],
      [231, '1'.padStart(2, '0')],
      [232, '02'],
    )
    assert.deepEqual(flows, [
      { srcAddr: '192.0.2.1', srcPort: 1, srcMac: '00:00:00:00:00:01', bytes: 1 },
      { dstAddr: '192.0.2.1', dstPort: 1, dstMac: '00:00:00:00:00:01', bytes: 2 },
    ])
  })

  it('becomes one flow if nothing came back', () => {
    assert.deepEqual(flowsOf(...ends, [231, '64'], [232, '00'], [298, '01'], [299, '00']), [
      { ...forward, bytes: 100, packets: 1 },
    ])
  })

  it('keeps all bits of 64-bit counters, and those of 2⁶³ and more in extra', () => {
    const large = flowsOf([231, '0020000000000001'], [232, '0020000000000003'])
    assert.deepEqual(large, [{ bytes: 9007199254740993n }, { bytes: 9007199254740995n }])
    const extra = '{"responderOctets":9223372036854775809}'
    const { flows, problems } = decodeAlone(
      oneRecordMessage([
        [231, '05'],
        [232, '8000000000000001'],
        [299, '07'],
      ]),
    )
    assert.deepEqual(flows, [{ bytes: 5 }, { packets: 7, extra }])
    assert.deepEqual(problems, ['counter-out-of-range'])
  })

  it('of IPv6 swaps whole addresses', () => {
    const [one, two] = ['20010db8000000000000000000000001', '20010db8000000000000000000000002']
    const flows = flowsOf([27, one], [28, two], [231, '01'], [232, '02'])
    const [first, second] = ['2001:db8::1', '2001:db8::2']
    assert.deepEqual(flows, [
      { srcAddr: first, dstAddr: second, bytes: 1 },
      { srcAddr: second, dstAddr: first, bytes: 2 },
    ])
  })

  it('has the translated addresses of the right end in each flow', () => {
    const [first, second] = flowsOf(...ends, [225, 'cb007101'], [231, '01'], [232, '02'])
    assert.equal(first?.extra, '{"postNATSourceIPv4Address":"203.0.113.1"}')
    assert.equal(second?.extra, '{"postNATDestinationIPv4Address":"203.0.113.1"}')
  })

  it('of an event without counters is one flow without counters', () => {
    assert.deepEqual(flowOf([8, 'c0000201'], [233, '03'], [33002, '03e9']), {
      srcAddr: '192.0.2.1',
      event: 3,
      extra: '{"firewallExtendedEvent":1001}',
    })
  })
})
