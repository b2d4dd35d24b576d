/** Records with fields of both address families (v9). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAlone, flowOf } from '../../../helpers/decoder-harness.ts'
import { type FieldBytes, oneRecordMessage } from '../../../helpers/netflow-bytes.ts'

const SRC6 = '20010db8000000000000000000000001'
const DST6 = '20010db8000000000000000000000002'
const ZERO6 = '00'.repeat(16)
const IPV4 = { srcAddr: '192.0.2.1', dstAddr: '192.0.2.2' }
const IPV6 = { srcAddr: '2001:db8::1', dstAddr: '2001:db8::2' }

function both(...more: readonly FieldBytes[]): readonly FieldBytes[] {
  return [[8, 'c0000201'], [27, SRC6], [12, 'c0000202'], [28, DST6], ...more]
}

function addresses(...fields: readonly FieldBytes[]) {
  const { srcAddr, dstAddr } = flowOf(...fields)
  return { srcAddr, dstAddr }
}

describe('a record with addresses of both families', () => {
  it('is of the family with a nonzero address', () => {
    const ipv4: readonly FieldBytes[] = [
      [8, 'c0000201'],
      [12, 'c0000202'],
      [27, ZERO6],
      [28, ZERO6],
    ]
    assert.deepEqual(flowOf(...ipv4), IPV4)
    assert.deepEqual(flowOf(...[...ipv4].reverse()), IPV4)
    const ipv6: readonly FieldBytes[] = [
      [8, '00000000'],
      [12, '00000000'],
      [27, SRC6],
      [28, DST6],
    ]
    assert.deepEqual(flowOf(...ipv6), IPV6)
    assert.deepEqual(flowOf(...[...ipv6].reverse()), IPV6)
  })

  it('is of one family as a whole, even if one end is zero', () => {
    const flow = flowOf([8, '00000000'], [12, 'ffffffff'], [27, ZERO6], [28, ZERO6])
    assert.deepEqual(flow, { srcAddr: '0.0.0.0', dstAddr: '255.255.255.255' })
    const six = flowOf([8, '00000000'], [12, '00000000'], [27, ZERO6], [28, DST6])
    assert.deepEqual(six, { srcAddr: '::', dstAddr: IPV6.dstAddr })
  })

  it('is of the family of ipVersion, and keeps the other addresses in extra', () => {
    const ipv4 = flowOf(...both([60, '04']))
    const extra6 = `"sourceIPv6Address":"${IPV6.srcAddr}","destinationIPv6Address":"${IPV6.dstAddr}"`
    assert.deepEqual(ipv4, { ...IPV4, extra: `{"ipVersion":4,${extra6}}` })
    const ipv6 = flowOf(...both([60, '06']))
    const extra4 = '"sourceIPv4Address":"192.0.2.1","destinationIPv4Address":"192.0.2.2"'
    assert.deepEqual(ipv6, { ...IPV6, extra: `{"ipVersion":6,${extra4}}` })
    assert.deepEqual(
      addresses([60, '04'], [8, '00000000'], [12, '00000000'], [27, SRC6], [28, DST6]),
      {
        srcAddr: '0.0.0.0',
        dstAddr: '0.0.0.0',
      },
    )
    assert.deepEqual(
      addresses([60, '06'], [8, '00000000'], [12, '00000000'], [27, ZERO6], [28, ZERO6]),
      { srcAddr: '::', dstAddr: '::' },
    )
  })

  it('is of the family of its ethertype if both have addresses, else IPv4, and is counted', () => {
    assert.deepEqual(addresses(...both([256, '86dd'])), IPV6)
    assert.deepEqual(addresses(...both([256, '0800'])), IPV4)
    assert.deepEqual(addresses(...both()), IPV4)
    const problems = (...fields: readonly FieldBytes[]) =>
      decodeAlone(oneRecordMessage(fields)).problems
    assert.deepEqual(problems(...both()), ['both-address-families'])
    assert.deepEqual(problems(...both([60, '00'])), ['both-address-families'])
    assert.deepEqual(problems(...both([256, '86dd'])), [])
    assert.deepEqual(problems(...both([60, '06'])), [])
  })

  it('has the prefix lengths of its family, and keeps the others in extra', () => {
    const masks: readonly FieldBytes[] = [
      [9, '18'],
      [29, '40'],
      [13, '10'],
      [30, '30'],
    ]
    const ipv4 = flowOf(...both([60, '04']), ...masks)
    assert.deepEqual([ipv4.srcMask, ipv4.dstMask], [24, 16])
    assert.match(
      String(ipv4.extra),
      /"sourceIPv6PrefixLength":64,"destinationIPv6PrefixLength":48\}$/,
    )
    const ipv6 = flowOf(...both([60, '06']), ...masks)
    assert.deepEqual([ipv6.srcMask, ipv6.dstMask], [64, 48])
    assert.match(
      String(ipv6.extra),
      /"sourceIPv4PrefixLength":24,"destinationIPv4PrefixLength":16\}$/,
    )
    const zeros = flowOf([8, 'c0000201'], [27, ZERO6], [9, '18'], [29, '00'])
    assert.deepEqual(zeros, { srcAddr: '192.0.2.1', srcMask: 24 })
  })
})

describe('a record with addresses of one family', () => {
  it('keeps an IPv6 address of zeros and the loopback address', () => {
    const flow = flowOf([27, ZERO6], [28, `${'00'.repeat(15)}01`])
    assert.deepEqual(flow, { srcAddr: '::', dstAddr: '::1' })
  })

  it('does not change its family by ipVersion', () => {
    assert.deepEqual(addresses([8, 'c0000201'], [12, 'c0000202'], [60, '06']), IPV4)
  })

  it('has the IPv6 prefix lengths of a template with both', () => {
    const flow = flowOf([27, SRC6], [28, DST6], [9, '00'], [29, '40'], [13, '00'], [30, '30'])
    assert.deepEqual(flow, { ...IPV6, srcMask: 64, dstMask: 48 })
  })

  it('or none is a flow nevertheless', () => {
    assert.deepEqual(flowOf([56, '005056c00001'], [1, '40']), {
      srcMac: '00:50:56:c0:00:01',
      bytes: 64,
    })
  })
})

describe('next hops of both families', () => {
  const hop6 = { nextHop: '2001:db8::2' }

  it('follow the family of the record', () => {
    const ipv6 = flowOf([27, SRC6], [28, DST6], [15, '00000000'], [62, DST6])
    assert.deepEqual(ipv6, { ...IPV6, ...hop6 })
    const ipv4 = flowOf([8, 'c0000201'], [12, 'c0000202'], [15, 'c0000203'], [62, ZERO6])
    assert.deepEqual(ipv4, { ...IPV4, nextHop: '192.0.2.3' })
    const none = flowOf([27, SRC6], [28, DST6], [15, '00000000'], [62, ZERO6])
    assert.deepEqual(none, { ...IPV6, nextHop: '::' })
  })

  it('of an IPv4 route may be IPv6', () => {
    const flow = flowOf([8, 'c0000201'], [12, 'c0000202'], [15, '00000000'], [62, DST6])
    assert.deepEqual(flow, { ...IPV4, ...hop6 })
    const full = flowOf(...both([60, '04'], [15, '00000000'], [62, DST6]))
    assert.equal(full.nextHop, hop6.nextHop)
  })

  it('of an IPv6 route may be IPv4', () => {
    const flow = flowOf([27, SRC6], [28, DST6], [15, 'c0000203'], [62, ZERO6])
    assert.deepEqual(flow, { ...IPV6, nextHop: '192.0.2.3' })
    const full = flowOf(...both([60, '06'], [15, 'c0000203'], [62, ZERO6]))
    assert.equal(full.nextHop, '192.0.2.3')
  })

  it('are in the column by the family of the record, and the other one is in extra', () => {
    const hops: readonly FieldBytes[] = [
      [15, 'c0000203'],
      [62, DST6],
    ]
    const ipv6 = flowOf([27, SRC6], [28, DST6], ...hops)
    const extra = '{"ipNextHopIPv4Address":"192.0.2.3"}'
    assert.deepEqual(ipv6, { ...IPV6, ...hop6, extra })
    const ipv4 = flowOf([8, 'c0000201'], [12, 'c0000202'], ...hops)
    assert.equal(ipv4.nextHop, '192.0.2.3')
    assert.equal(ipv4.extra, '{"ipNextHopIPv6Address":"2001:db8::2"}')
  })
})

describe('a next hop of the other family', () => {
  it('says nothing if it is zero', () => {
    assert.deepEqual(flowOf([27, SRC6], [28, DST6], [15, '00000000']), IPV6)
    assert.deepEqual(flowOf([15, '00000000'], [28, DST6]), { dstAddr: IPV6.dstAddr })
    assert.deepEqual(flowOf([8, 'c0000201'], [12, 'c0000202'], [62, ZERO6]), IPV4)
    const six: readonly FieldBytes[] = [
      [8, '00000000'],
      [27, SRC6],
      [12, '00000000'],
      [28, DST6],
    ]
    assert.deepEqual(flowOf(...six, [15, '00000000']), IPV6)
  })

  it('is kept if it is not zero', () => {
    const flow = flowOf([27, SRC6], [28, DST6], [15, 'c0000203'])
    assert.equal(flow.nextHop, '192.0.2.3')
    const four = flowOf([8, 'c0000201'], [12, 'c0000202'], [62, `${'00'.repeat(15)}01`])
    assert.equal(four.nextHop, '::1')
  })

  it('is kept if the record has no address, or the hop is of its family', () => {
    assert.deepEqual(flowOf([15, '00000000']), { nextHop: '0.0.0.0' })
    const four = flowOf([8, 'c0000201'], [15, '00000000'])
    assert.deepEqual(four, { srcAddr: '192.0.2.1', nextHop: '0.0.0.0' })
    assert.deepEqual(flowOf([27, SRC6], [62, ZERO6]), { srcAddr: IPV6.srcAddr, nextHop: '::' })
  })
})
