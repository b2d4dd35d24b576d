/**
 * Biflows, with both directions in one record (RFC 5103): two rows, end points swapped, nothing
 * counted twice.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAlone, ipfixFlowOf, ipfixFlowsOf } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  type IpfixValue,
  ipfixMessage,
  ipfixTemplate,
  oneIpfixRecord,
  set,
  VARIABLE,
  variable,
} from '../../../helpers/netflow-bytes.ts'

/** The enterprise number of the reverse direction. */
const REVERSE = 29_305
const ENDS: readonly IpfixValue[] = [
  [8, 'c0000201'],
  [12, 'c6336402'],
  [7, 'c350'],
  [11, '0050'],
]
const FORWARD = { srcAddr: '192.0.2.1', dstAddr: '198.51.100.2', srcPort: 50_000, dstPort: 80 }
const BACKWARD = { srcAddr: '198.51.100.2', dstAddr: '192.0.2.1', srcPort: 80, dstPort: 50_000 }
const REVERSE_BYTES: IpfixValue = [1, '07', REVERSE]

describe('a biflow', () => {
  it('becomes two flows, each with its own counters', () => {
    const flows = ipfixFlowsOf(
      ...ENDS,
      [4, '06'],
      [1, '000003e8'],
      [2, '0a'],
      [1, '000007d0', REVERSE],
      [2, '14', REVERSE],
    )
    assert.deepEqual(flows, [
      { ...FORWARD, protocol: 6, bytes: 1000, packets: 10 },
      { ...BACKWARD, protocol: 6, bytes: 2000, packets: 20 },
    ])
  })

  it('is one record of its message', () => {
    const record = oneIpfixRecord([[1, '01'], REVERSE_BYTES])
    const { counts } = decodeAlone(ipfixMessage(record))
    assert.deepEqual([counts.dataRecords, counts.flowRecords], [1, 2])
  })

  it('without traffic is one flow', () => {
    for (const zero of ['00', '0000000000000000']) {
      const flow = ipfixFlowOf(...ENDS, [1, '05'], [1, zero, REVERSE], [2, zero, REVERSE])
      assert.deepEqual(flow, { ...FORWARD, bytes: 5 })
    }
    assert.equal(ipfixFlowsOf([1, '05'], [1, '00', REVERSE], [2, '01', REVERSE]).length, 2)
  })

  it('without forward traffic is two flows: something opened it', () => {
    const flows = ipfixFlowsOf(...ENDS, [1, '00'], REVERSE_BYTES)
    assert.deepEqual(flows, [
      { ...FORWARD, bytes: 0 },
      { ...BACKWARD, bytes: 7 },
    ])
  })

  it('does not repeat counters of its forward flow in the reverse flow', () => {
    const flows = ipfixFlowsOf([2, '05'], [85, '64'], [132, '03'], [3, '02'], [2, '06', REVERSE])
    assert.deepEqual(flows, [
      {
        packets: 5,
        bytes: 100,
        extra: '{"octetTotalCount":100,"droppedOctetDeltaCount":3,"deltaFlowCount":2}',
      },
      { packets: 6 },
    ])
  })

  it('has its own times and flags in each direction, or shares them', () => {
    const start = EXPORT_SECONDS * 1_000_000
    const flags: readonly IpfixValue[] = [
      [6, '02'],
      [6, '12', REVERSE],
      [150, '6553f100'],
      [150, '6553f101', REVERSE],
      [136, '03'],
    ]
    const [forward, backward] = ipfixFlowsOf([1, '01'], REVERSE_BYTES, ...flags)
    assert.deepEqual(forward, { bytes: 1, tcpFlags: 2, flowStart: start, flowEndReason: 3 })
    assert.deepEqual(backward, {
      bytes: 7,
      tcpFlags: 18,
      flowStart: start + 1_000_000,
      flowEndReason: 3,
    })
  })

  it('swaps every value of an end: masks, AS, interfaces, MACs, VLANs, IPv6', () => {
    const [, backward] = ipfixFlowsOf(
      REVERSE_BYTES,
      [27, '20010db8 00000000 00000000 00000001'],
      [28, '20010db8 00000000 00000000 00000002'],
      [29, '30'],
      [30, '40'],
      [16, '0001'],
      [17, '0002'],
      [10, '0003'],
      [14, '0004'],
      [56, '000000000005'],
      [80, '000000000006'],
      [58, '0007'],
      [59, '0008'],
      [5, '09'],
      [225, 'c0000201'],
    )
    assert.deepEqual(backward, {
      srcAddr: '2001:db8::2',
      dstAddr: '2001:db8::1',
      srcMask: 64,
      dstMask: 48,
      srcAs: 2,
      dstAs: 1,
      inputIf: 4,
      outputIf: 3,
      srcMac: '00:00:00:00:00:06',
      dstMac: '00:00:00:00:00:05',
      srcVlan: 8,
      dstVlan: 7,
      tos: 9,
      bytes: 7,
      extra: '{"postNATDestinationIPv4Address":"192.0.2.1"}',
    })
  })

  it('prefers its own values of the reverse direction to swapped ones', () => {
    const [forward, backward] = ipfixFlowsOf(
      REVERSE_BYTES,
      [10, '01'],
      [14, '02'],
      [10, '03', REVERSE],
      [58, '04'],
      [58, '05', REVERSE],
    )
    assert.deepEqual(forward, { inputIf: 1, outputIf: 2, srcVlan: 4 })
    assert.deepEqual(backward, { bytes: 7, inputIf: 3, outputIf: 1, srcVlan: 5, dstVlan: 4 })
  })

  it('of ICMP has the same type and code both ways', () => {
    for (const fields of [
      [[32, '0801']],
      [
        [176, '08'],
        [177, '01'],
      ],
      [
        [7, '0000'],
        [11, '0801'],
      ],
      [[11, '0801']],
    ] as const) {
      const flows = ipfixFlowsOf([4, '01'], [1, '05'], REVERSE_BYTES, ...fields)
      const icmp = { protocol: 1, icmpType: 8, icmpCode: 1 }
      assert.deepEqual(flows, [
        { ...icmp, bytes: 5 },
        { ...icmp, bytes: 7 },
      ])
    }
  })

  it('of ICMP may have its own type and code in the reverse direction', () => {
    const [there, back] = ipfixFlowsOf(
      [4, '01'],
      REVERSE_BYTES,
      [11, '0800'],
      [11, '0000', REVERSE],
    )
    assert.deepEqual([there?.icmpType, back?.icmpType], [8, 0])
    const implied = ipfixFlowsOf(REVERSE_BYTES, [32, '0800'], [7, '0005'], [11, '0006'])
    const ports = '{"sourceTransportPort":5,"destinationTransportPort":6}'
    assert.deepEqual(
      implied.map(({ extra }) => extra),
      [ports, ports],
    )
  })

  it('swaps values of two ends without a column, but no count of one direction', () => {
    const [there, back] = ipfixFlowsOf(REVERSE_BYTES, [368, '01'], [218, '02'], [92, '03'])
    assert.equal(
      there?.extra,
      '{"ingressInterfaceType":1,"tcpSynTotalCount":2,"srcTrafficIndex":3}',
    )
    assert.equal(back?.extra, '{"egressInterfaceType":1,"dstTrafficIndex":3}')
  })

  it('with a reverse counter too large for its column is two flows', () => {
    const record = oneIpfixRecord([
      [1, '05'],
      [1, 'ffffffffffffffff', REVERSE],
    ])
    const { flows, problems } = decodeAlone(ipfixMessage(record))
    assert.deepEqual(problems, ['counter-out-of-range'])
    assert.deepEqual(flows, [{ bytes: 5 }, { extra: '{"octetDeltaCount":18446744073709551615}' }])
  })

  it('has the sampling rate in both directions', () => {
    const rates = ipfixFlowsOf([34, '64'], [1, '05'], REVERSE_BYTES).map((f) => f.samplingRate)
    assert.deepEqual(rates, [100, 100])
  })

  it('keeps elements of other enterprises and unknown ones in both flows', () => {
    const flows = ipfixFlowsOf(REVERSE_BYTES, [1, '05', 9], [20_000, '06'], [20_001, '07', REVERSE])
    assert.deepEqual(
      flows.map(({ extra }) => extra),
      ['{"9.1":"05","0.20000":"06"}', '{"9.1":"05","0.20000":"06","0.20001":"07"}'],
    )
  })
})

describe('reverse elements', () => {
  it('without reverse counters stay in extra, by name', () => {
    const flow = ipfixFlowOf([1, '05'], [6, '12', REVERSE], [150, '6553f101', REVERSE])
    assert.deepEqual(flow, {
      bytes: 5,
      extra: '{"reverseTcpControlBits":18,"reverseFlowStartSeconds":"2023-11-14T22:13:21.000Z"}',
    })
  })

  it('with counters of variable length stay in extra, too', () => {
    const fields = [
      [1, 4],
      [1, VARIABLE, REVERSE],
    ] as const
    const data = set(256, '00000005', variable('07'))
    const { flows } = decodeAlone(ipfixMessage(set(2, ipfixTemplate(256, fields)), data))
    assert.deepEqual(flows, [{ bytes: 5, extra: '{"reverseOctetDeltaCount":7}' }])
  })

  it('with counters without a column stay in extra, too', () => {
    const flow = ipfixFlowOf([1, '05'], [132, '06', REVERSE], [3, '07', REVERSE])
    assert.deepEqual(flow, {
      bytes: 5,
      extra: '{"reverseDroppedOctetDeltaCount":6,"reverseDeltaFlowCount":7}',
    })
  })

  it('beside initiator and responder counters do not make a third flow', () => {
    const flows = ipfixFlowsOf([231, '05'], [232, '06'], REVERSE_BYTES)
    const extra = '{"reverseOctetDeltaCount":7}'
    const both = [
      { bytes: 5, extra },
      { bytes: 6, extra },
    ]
    assert.deepEqual(flows, both)
  })

  it('of unknown elements are named by their numbers', () => {
    const flow = ipfixFlowOf([1, '05'], [20_000, '06', REVERSE])
    assert.equal(flow.extra, '{"29305.20000":"06"}')
  })
})

describe('an IPFIX record of initiator and responder counters', () => {
  it('becomes two flows, or one when the responder sent nothing', () => {
    const initiator: readonly IpfixValue[] = [...ENDS, [231, '03e8'], [298, '0a']]
    assert.deepEqual(ipfixFlowsOf(...initiator, [232, '07d0'], [299, '14']), [
      { ...FORWARD, bytes: 1000, packets: 10 },
      { ...BACKWARD, bytes: 2000, packets: 20 },
    ])
    assert.deepEqual(ipfixFlowsOf(...initiator, [232, '0000'], [299, '00']), [
      { ...FORWARD, bytes: 1000, packets: 10 },
    ])
  })
})
