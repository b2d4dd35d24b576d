/** Tests the bytes and the canonical text of IP addresses. */

import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressText } from '../../../writer/netflow/address-text.ts'
import { parseAddress } from '../../../writer/streams/ip-address.ts'

function hex(text: string): string | undefined {
  const bytes = parseAddress(text)
  return bytes && Buffer.from(bytes).toString('hex')
}

describe('an address', () => {
  it('has 4 bytes as IPv4', () => {
    assert.equal(hex('192.0.2.1'), 'c0000201')
    assert.equal(hex('0.0.0.0'), '00000000')
    assert.equal(hex('255.255.255.255'), 'ffffffff')
  })

  it('has 16 bytes as IPv6, in every notation', () => {
    assert.equal(hex('::'), '00'.repeat(16))
    assert.equal(hex('::1'), `${'00'.repeat(15)}01`)
    assert.equal(hex('2001:db8::7'), '20010db8000000000000000000000007')
    assert.equal(hex('2001:DB8:0:0:0:0:0:7'), '20010db8000000000000000000000007')
    assert.equal(hex('fe80::1%eth0'), 'fe800000000000000000000000000001')
    assert.equal(hex('64:ff9b::192.0.2.1'), '0064ff9b0000000000000000c0000201')
    assert.equal(hex('1::'), `0001${'00'.repeat(14)}`)
  })

  it('is IPv4 when it is IPv4-mapped', () => {
    assert.equal(hex('::ffff:192.0.2.1'), 'c0000201')
    assert.equal(hex('::ffff:c000:201'), 'c0000201')
    assert.equal(hex('0:0:0:0:0:FFFF:192.0.2.1'), 'c0000201')
  })

  it('is undefined when the text only looks like one', () => {
    for (const text of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', ' 1.2.3.4', 'router']) {
      assert.equal(parseAddress(text), undefined, text)
    }
    for (const text of ['::1::', '1:2:3:4:5:6:7', '12345::', '::ffff:1.2.3', 'g::', '10.0.0.0/8']) {
      assert.equal(parseAddress(text), undefined, text)
    }
  })

  it('is written in its shortest form', () => {
    const bytes = (text: string) => parseAddress(text) ?? new Uint8Array()
    assert.equal(addressText(bytes('2001:DB8:0:0:0:0:0:7')), '2001:db8::7')
    assert.equal(addressText(bytes('2001:0:0:1:0:0:0:1')), '2001:0:0:1::1')
    assert.equal(addressText(bytes('2001:db8:0:1:1:1:1:1')), '2001:db8:0:1:1:1:1:1')
    assert.equal(addressText(bytes('::')), '::')
    assert.equal(addressText(bytes('1::')), '1::')
    assert.equal(addressText(bytes('::ffff:192.0.2.1')), '192.0.2.1')
  })

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseAddress(text)))
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123abf:.%/') }), (text) => {
        void parseAddress(text)
      }),
    )
  })

  it('is the same after it is written and parsed again', () => {
    const words = fc.array(fc.constantFrom(0, 0, 1, 0xffff, 0x2001), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(words, (groups) => {
        const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
        const text = addressText(bytes)
        assert.ok(isIPv6(text), text)
        const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
        assert.deepEqual(parseAddress(text), isMapped ? bytes.subarray(12) : bytes)
      }),
    )
    fc.assert(fc.property(fc.ipV6(), (text) => parseAddress(text) !== undefined))
  })
})
