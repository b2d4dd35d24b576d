/** IPFIX records in which several elements fill one column (RFC 7011, RFC 5102). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ipfixFlowOf } from '../../../helpers/decoder-harness.ts'
import type { IpfixValue } from '../../../helpers/netflow-bytes.ts'

describe('an IPFIX record', () => {
  it('fills a column from the best of its elements, in any order', () => {
    const values: readonly IpfixValue[] = [
      [352, '04'],
      [85, '03'],
      [23, '02'],
      [1, '01'],
    ]
    for (const fields of [values, [...values].reverse()]) {
      const { bytes, extra } = ipfixFlowOf(...fields)
      assert.equal(bytes, 1)
      assert.deepEqual(Object.keys(JSON.parse(String(extra))).length, 3)
    }
  })

  it('keeps the family of its IP version', () => {
    const both: readonly IpfixValue[] = [
      [8, 'c0000201'],
      [27, '20010db8 00000000 00000000 00000001'],
    ]
    assert.equal(ipfixFlowOf([60, '04'], ...both).srcAddr, '192.0.2.1')
    assert.equal(ipfixFlowOf([60, '06'], ...both).srcAddr, '2001:db8::1')
  })

  it('of ICMP has its type and code in place of ports', () => {
    const flow = { protocol: 58, icmpType: 128, icmpCode: 1 }
    assert.deepEqual(ipfixFlowOf([4, '3a'], [139, '8001']), flow)
    assert.deepEqual(ipfixFlowOf([4, '3a'], [178, '80'], [179, '01']), flow)
    assert.deepEqual(ipfixFlowOf([4, '3a'], [7, '0000'], [11, '8001']), flow)
    assert.deepEqual(ipfixFlowOf([139, '8001']), flow)
  })
})
