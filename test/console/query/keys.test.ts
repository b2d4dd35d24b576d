import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  contains,
  formatNetwork,
  parseNetmask,
  parseNetwork,
} from '../../../console/query/address.ts'
import { KEYS, normalizeKey } from '../../../console/query/keys.ts'

describe('keys', () => {
  it('have their own names, and those of nfdump', () => {
    for (const key of Object.keys(KEYS)) assert.equal(normalizeKey(key), key)
    assert.equal(normalizeKey('srcip'), 'src')
    assert.equal(normalizeKey('DST-PORT'), 'dst_port')
    assert.equal(normalizeKey('srcip4/24'), 'src/24')
    assert.equal(normalizeKey('dst/24,56'), 'dst/24,56')
    for (const word of ['', 'source', 'src/', 'src/129', 'constructor']) {
      assert.equal(normalizeKey(word), undefined, word)
    }
  })
})

describe('networks', () => {
  const read = (text: string) => {
    const network = parseNetwork(text)
    return network && formatNetwork(network)
  }

  it('are read in every spelling', () => {
    const spellings = {
      '192.0.2.1': '192.0.2.1',
      '10/8': '10.0.0.0/8',
      '10.1.2.3/16': '10.1.0.0/16',
      '0.0.0.0/0': '0.0.0.0/0',
      '2001:DB8::1': '2001:db8::1',
      '2001:db8:0:0:1::/33': '2001:db8::/33',
      '::': '::',
      '::1': '::1',
      '::ffff:192.0.2.1': '::ffff:c000:201',
      '1:2:3:4:5:6:7:8': '1:2:3:4:5:6:7:8',
    }
    for (const [text, expected] of Object.entries(spellings))
      assert.equal(read(text), expected, text)
  })

  it('are refused when they are none', () => {
    const wrong = [
      '',
      '10',
      '256.0.0.1',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.4/33',
      '1::2::3',
      '1:2:3',
      ':::',
      '::/129',
    ]
    for (const text of [...wrong, '10/8/8', 'g::', '1.2.3.4/', '1:2:3:4:5:6:7::8:9']) {
      assert.equal(read(text), undefined, text)
    }
  })

  it('contain addresses', () => {
    const isIn = (network: string, address: string) => {
      const [outer, inner] = [parseNetwork(network), parseNetwork(address)]
      return outer !== undefined && inner !== undefined && contains(outer, inner)
    }
    assert.equal(isIn('10/8', '10.255.0.1'), true)
    assert.equal(isIn('10/8', '11.0.0.1'), false)
    assert.equal(isIn('::/0', '10.0.0.1'), false)
    assert.equal(isIn('10.0.0.0/16', '10.0.0.0/8'), false)
  })

  it('have masks', () => {
    assert.equal(parseNetmask('255.255.254.0'), 23)
    assert.equal(parseNetmask('0.0.0.0'), 0)
    assert.equal(parseNetmask('255.255.255.255'), 32)
    assert.equal(parseNetmask('255.0.255.0'), undefined)
  })
})
