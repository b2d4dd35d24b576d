/** Tests the text of addresses: it must be that of RFC 5952 and of PostgreSQL. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { addressText, ipv4Text } from '../../../writer/netflow/address-text.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { queryRows } from '../../helpers/pipeline.ts'

function textOf(...groups: readonly number[]): string {
  return addressText(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])))
}

describe('an IPv4 address', () => {
  it('is dotted', () => {
    assert.equal(ipv4Text(0xc0000201), '192.0.2.1')
    assert.equal(addressText(Uint8Array.of(255, 255, 255, 255)), '255.255.255.255')
  })
})

describe('an IPv6 address', () => {
  it('has lower-case groups without leading zeros (RFC 5952 sections 4.1, 4.3)', () => {
    assert.equal(textOf(0x2001, 0xdb8, 0xa, 1, 1, 0xab, 1, 0xabc), '2001:db8:a:1:1:ab:1:abc')
  })

  it('has its longest run of zero groups shortened, the first of equal ones (4.2)', () => {
    assert.equal(textOf(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), '2001:db8::1')
    assert.equal(textOf(0x2001, 0, 0, 1, 0, 0, 0, 1), '2001:0:0:1::1')
    assert.equal(textOf(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), '2001:db8::1:0:0:1')
    assert.equal(textOf(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), '2001:db8:0:1:1:1:1:1')
    assert.equal(textOf(0, 0, 0, 0, 0, 0, 0, 0), '::')
    assert.equal(textOf(0, 0, 0, 0, 0, 0, 0, 1), '::1')
    assert.equal(textOf(1, 0, 0, 0, 0, 0, 0, 0), '1::')
    assert.equal(textOf(0, 0, 1, 2, 3, 4, 0, 0), '::1:2:3:4:0:0')
  })

  it('has an embedded IPv4 address dotted, below the prefixes that say so (5)', () => {
    assert.equal(textOf(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201), '::ffff:192.0.2.1')
    assert.equal(textOf(0, 0, 0, 0, 0, 0xffff, 0, 0), '::ffff:0.0.0.0')
    assert.equal(textOf(0, 0, 0, 0, 0, 0, 0xc000, 0x201), '::192.0.2.1')
    assert.equal(textOf(0, 0, 0, 0, 0xffff, 0, 0xc000, 0x201), '::ffff:0:c000:201')
    assert.equal(textOf(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x201), '64:ff9b::c000:201')
  })
})

describe('the text of an address', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database?.drop())

  it('is that of PostgreSQL, so texts can be compared', async () => {
    const groups = fc.array(fc.constantFrom(0, 0, 0, 1, 0xab, 0xdb8, 0xffff), {
      minLength: 8,
      maxLength: 8,
    })
    const texts = fc.sample(groups, { seed: 5952, numRuns: 2000 }).map((some) => textOf(...some))
    const sql = 'select t, host(t::inet) as host from unnest($1::text[]) t where host(t::inet) <> t'
    assert.deepEqual(await queryRows(database.url, sql, [texts]), [])
  })
})
