/** Elements of vendors that fill a column where the template has no element of IANA for it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ElementRegistry,
  STANDARD_ELEMENTS,
} from '../../../../writer/netflow/elements/element-registry.ts'
import { planRecord } from '../../../../writer/netflow/plan/plan.ts'
import { planFields } from '../../../../writer/netflow/plan/plan-fields.ts'
import { flowOf, ipfixFlowOf, ipfixFlowsOf } from '../../../helpers/decoder-harness.ts'
import type { IpfixValue } from '../../../helpers/netflow-bytes.ts'

/** Cisco's client 192.0.2.1:50000 and server 198.51.100.2:443. */
const CLIENT: IpfixValue = [12_236, 'c0000201', 9]
const SERVER: IpfixValue = [12_237, 'c6336402', 9]
const CLIENT_PORT: IpfixValue = [12_240, 'c350', 9]
const SERVER_PORT: IpfixValue = [12_241, '01bb', 9]
const CONNECTION = [CLIENT, SERVER, CLIENT_PORT, SERVER_PORT]

const TCP: IpfixValue = [4, '06']
const INITIATOR: IpfixValue = [239, '01']
const REVERSE_INITIATOR: IpfixValue = [239, '02']
const FROM_CLIENT = { srcAddr: '192.0.2.1', dstAddr: '198.51.100.2', srcPort: 50_000, dstPort: 443 }
const FROM_SERVER = { srcAddr: '198.51.100.2', dstAddr: '192.0.2.1', srcPort: 443, dstPort: 50_000 }

/** Returns a flow with its `extra` parsed. */
function readable(flow: object): object {
  const extra = 'extra' in flow ? { extra: JSON.parse(String(flow.extra)) } : {}
  return { ...flow, ...extra }
}

describe("Cisco's client and server", () => {
  it('are source and destination of a flow that the initiator sent', () => {
    const flow = readable(ipfixFlowOf(TCP, INITIATOR, ...CONNECTION))
    assert.deepEqual(flow, { protocol: 6, ...FROM_CLIENT, extra: { biflowDirection: 1 } })
  })

  it('change places in a flow towards the initiator, wherever the direction stands', () => {
    const expected = { protocol: 6, ...FROM_SERVER, extra: { biflowDirection: 2 } }
    for (const values of [
      [TCP, REVERSE_INITIATOR, ...CONNECTION],
      [...CONNECTION, REVERSE_INITIATOR, TCP],
    ]) {
      assert.deepEqual(readable(ipfixFlowOf(...values)), expected)
    }
  })

  it('are source and destination while the direction is not known', () => {
    assert.deepEqual(ipfixFlowOf(TCP, ...CONNECTION), { protocol: 6, ...FROM_CLIENT })
    for (const value of ['00', '03', '09']) {
      const { srcAddr } = ipfixFlowOf([239, value], ...CONNECTION)
      assert.equal(srcAddr, '192.0.2.1')
    }
  })

  it('may be of IPv6, or of both families', () => {
    const client: IpfixValue = [12_238, '20010db8000000000000000000000001', 9]
    const server: IpfixValue = [12_239, '20010db8000000000000000000000002', 9]
    const ipv6 = { srcAddr: '2001:db8::2', dstAddr: '2001:db8::1' }
    const { extra: _, ...flow } = ipfixFlowOf(REVERSE_INITIATOR, client, server)
    assert.deepEqual(flow, ipv6)
    const empty: IpfixValue[] = [
      [12_236, '00000000', 9],
      [12_237, '00000000', 9],
    ]
    const both = ipfixFlowOf(REVERSE_INITIATOR, ...empty, client, server)
    assert.deepEqual([both.srcAddr, both.dstAddr], [ipv6.srcAddr, ipv6.dstAddr])
  })

  it('may be one end only', () => {
    assert.deepEqual(ipfixFlowOf(SERVER), { dstAddr: '198.51.100.2' })
    const { srcAddr, dstAddr } = ipfixFlowOf(SERVER, REVERSE_INITIATOR)
    assert.deepEqual([srcAddr, dstAddr], ['198.51.100.2', undefined])
  })

  it('have numbers of their own in v9, which has no enterprises', () => {
    const flow = flowOf([45_004, 'c0000201'], [45_005, 'c6336402'], [239, '02'])
    assert.deepEqual([flow.srcAddr, flow.dstAddr], ['198.51.100.2', '192.0.2.1'])
    assert.deepEqual(flowOf([45_008, 'c350'], [45_009, '01bb']), { srcPort: 50_000, dstPort: 443 })
  })

  it('are in extra if an element of IANA fills one of the two columns', () => {
    const flow = readable(ipfixFlowOf([8, '0a000001'], REVERSE_INITIATOR, ...CONNECTION))
    assert.deepEqual(flow, {
      srcAddr: '10.0.0.1',
      srcPort: 443,
      dstPort: 50_000,
      extra: {
        biflowDirection: 2,
        clientIPv4Address: '192.0.2.1',
        serverIPv4Address: '198.51.100.2',
      },
    })
    const ports = ipfixFlowOf([11, '0035'], ...CONNECTION)
    assert.deepEqual([ports.srcAddr, ports.srcPort, ports.dstPort], ['192.0.2.1', undefined, 53])
  })

  it('are in extra as sent if they have a width of no address', () => {
    const { srcAddr, extra } = ipfixFlowOf([12_236, 'c00002', 9], SERVER)
    assert.deepEqual([srcAddr, extra], [undefined, '{"clientIPv4Address":"c00002"}'])
    const wide = ipfixFlowOf([12_240, '0123456789', 9])
    assert.deepEqual(wide, { extra: `{"clientTransportPort":${0x0123456789}}` })
  })

  it('keep the type and code that an ICMP record has as ports', () => {
    const flow = ipfixFlowOf([4, '01'], REVERSE_INITIATOR, [12_240, '0000', 9], [12_241, '0800', 9])
    assert.deepEqual([flow.icmpType, flow.icmpCode, flow.dstPort], [8, 0, undefined])
  })
})

describe('counters of a client and a server', () => {
  it('make two flows, the first from the client, whatever the direction says', () => {
    const counters: IpfixValue[] = [
      [231, '00000064'],
      [232, '000003e8'],
    ]
    const flows = ipfixFlowsOf(TCP, REVERSE_INITIATOR, ...CONNECTION, ...counters)
    assert.deepEqual(
      flows.map(({ extra: _, ...flow }) => flow),
      [
        { protocol: 6, ...FROM_CLIENT, bytes: 100 },
        { protocol: 6, ...FROM_SERVER, bytes: 1000 },
      ],
    )
  })

  it('may be those of Cisco alone, in IPFIX and in v9', () => {
    const flows = ipfixFlowsOf(...CONNECTION, [8_337, '000003e8', 9], [8_338, '00000064', 9])
    assert.deepEqual(flows, [
      { ...FROM_CLIENT, bytes: 100 },
      { ...FROM_SERVER, bytes: 1000 },
    ])
    const forward = flowOf([41_106, '00000064'])
    assert.deepEqual(forward, { bytes: 100 })
  })

  it('are in extra beside the count of the flow', () => {
    const flow = ipfixFlowOf([1, '00000007'], [8_338, '00000064', 9])
    assert.deepEqual(flow, { bytes: 7, extra: '{"clientBytesNetwork":100}' })
  })
})

describe("VMware's tenant flow", () => {
  const TENANT: IpfixValue[] = [
    [880, '11', 6876],
    [881, 'c0000201', 6876],
    [882, 'c6336402', 6876],
    [886, 'c350', 6876],
    [887, '01bb', 6876],
  ]

  it('fills the columns where the outer flow is not exported', () => {
    assert.deepEqual(ipfixFlowOf(...TENANT), { protocol: 17, ...FROM_CLIENT })
  })

  it('is in extra beside the outer flow', () => {
    const outer: IpfixValue[] = [TCP, [8, '0a000001'], [12, '0a000002'], [7, '0001'], [11, '0002']]
    const { protocol, srcAddr, srcPort, extra } = ipfixFlowOf(...outer, ...TENANT)
    assert.deepEqual([protocol, srcAddr, srcPort], [6, '10.0.0.1', 1])
    assert.deepEqual(JSON.parse(String(extra)), {
      tenantProtocol: 17,
      tenantSourceIPv4: '192.0.2.1',
      tenantDestIPv4: '198.51.100.2',
      tenantSourcePort: 50_000,
      tenantDestPort: 443,
    })
  })
})

describe('the fields of a template', () => {
  it('are planned as they are if none is a synonym, so that records cost nothing more', () => {
    const fields = [
      { enterprise: 0, id: 8, length: 4 },
      { enterprise: 0, id: 239, length: 1 },
      { enterprise: 9, id: 9292, length: 4 },
    ]
    const planned = planFields(fields, STANDARD_ELEMENTS)
    assert.equal(planned.fields, fields)
    assert.equal(planRecord(planned.fields).hasSlots, false)
  })

  it('are no synonyms if the user has redefined their elements', () => {
    const elements = new ElementRegistry([
      { enterprise: 0, id: 45_004, name: 'acmeCost', type: 'unsigned32' },
      { enterprise: 9, id: 12_240, name: 'acmePort', type: 'unsigned16' },
    ])
    const sent = [
      { enterprise: 0, id: 45_004, length: 4 },
      { enterprise: 9, id: 12_240, length: 2 },
    ]
    const plan = planRecord(planFields(sent, elements).fields, { elements, clientEnds: 0 })
    assert.deepEqual(plan.keys.map(String), ['"acmeCost":', '"acmePort":'])
    assert.equal(plan.fieldKeys.join(''), '')
  })
})
