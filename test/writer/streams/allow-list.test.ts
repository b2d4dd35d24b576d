/** Tests which addresses a list of CIDRs allows. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AllowList, isCidr } from '../../../writer/streams/allow-list.ts'

describe('the allow list', () => {
  it('allows everybody when it is empty', () => {
    const list = new AllowList([])
    assert.equal(list.allows('192.0.2.1'), true)
    assert.equal(list.allows('2001:db8::1'), true)
  })

  it('allows the addresses of its networks and no others', () => {
    const list = new AllowList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', 'fe80::1/128'])
    for (const address of ['10.255.0.1', '192.0.2.7', '2001:db8:1::2', 'fe80::1']) {
      assert.equal(list.allows(address), true, address)
    }
    for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', 'fe80::2', '::']) {
      assert.equal(list.allows(address), false, address)
    }
  })

  it('reads an IPv4-mapped network as the IPv4 network', () => {
    const list = new AllowList(['::ffff:10.0.0.0/104'])
    assert.equal(list.allows('10.1.2.3'), true)
    assert.equal(list.allows('11.1.2.3'), false)
  })

  it('allows everything of a family with a prefix of 0', () => {
    const list = new AllowList(['0.0.0.0/0'])
    assert.equal(list.allows('203.0.113.9'), true)
    assert.equal(list.allows('2001:db8::1'), false)
  })

  it('accepts addresses and networks, and nothing else', () => {
    for (const text of ['10.0.0.0/8', '10.0.0.1', '::/0', '2001:db8::/32', '0.0.0.0/0']) {
      assert.equal(isCidr(text), true, text)
    }
    const wrong = ['', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', 'host/8', '1.2.3.4/8/8']
    for (const text of [...wrong, '10.0.0.0/8x', '::ffff:10.0.0.0/90', 'fe80::1%eth0']) {
      assert.equal(isCidr(text), false, text)
    }
  })

  it('throws when an entry is no CIDR', () => {
    assert.throws(() => new AllowList(['10.0.0.0/99']), RangeError)
  })
})
