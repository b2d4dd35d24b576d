/** Reading the parts of requests, without a database: names, prefixes, addresses, bodies. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  PREFIXES_BODY,
  readPrefixes,
  readSenderAddress,
} from '../../../../console/web/senders/prefixes.ts'
import { checkMediaType, readBody } from '../../../../console/web/senders/request-body.ts'
import { SendersError } from '../../../../console/web/senders/senders-error.ts'
import { readName } from '../../../../console/web/senders/stats/name-text.ts'
import {
  readStatsRequest,
  STATS_BODY,
} from '../../../../console/web/senders/stats/stats-request.ts'

function rejects(status: number, use: () => unknown, text: RegExp): void {
  assert.throws(use, (error) => {
    assert.ok(error instanceof SendersError, String(error))
    assert.equal(error.status, status)
    assert.match(error.message, text)
    return true
  })
}

const bytes = (body: unknown) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
const prefixesOf = (body: unknown) => readPrefixes(readBody(bytes(body), PREFIXES_BODY))
const statsOf = (body: unknown) => readStatsRequest(readBody(bytes(body), STATS_BODY), 'UTC')

describe('a tracked field', () => {
  for (const [text, field, value] of [
    ['all', 0, ''],
    ['proto:6', 1, '6'],
    ['proto:006', 1, '6'],
    ['srcport:53', 11, '53'],
    ['dstport:0', 12, '0'],
    ['srcas:34868', 6, '34868'],
    ['dstas:4294967295', 7, '4294967295'],
    ['srcip:192.0.2.1', 9, '192.0.2.1'],
    ['dstip:2001:DB8:0::1', 10, '2001:db8::1'],
  ] as const) {
    it(`${text} is known`, () => {
      const { field: found, value: key } = readName(text, '')
      assert.deepEqual([found, key], [field, value])
    })
  }

  for (const text of [
    ...[
      '',
      'ALL',
      'all:1',
      'proto',
      'proto:',
      'proto:tcp',
      'proto:256',
      'srcport:65536',
      'proto:-1',
    ],
    ...['srcas:Some(34868)', 'dstas:4294967296', 'srcip:192.0.2.0/24', 'srcip:host', 'bytes:1'],
    ...['toString:1', '__proto__:1', 'srcip:192.0.2', 'proto:6 ', 'proto:6.0'],
  ]) {
    it(`${JSON.stringify(text)} is not`, () => {
      rejects(422, () => readName(text, ''), /no tracked field/)
    })
  }
})

describe('prefixes', () => {
  it('may have their members in any order, a name, and both families', () => {
    const body = {
      ip: '192.0.2.1',
      prefixes: [
        { prefixLen: 24, prefix: '172.16.1.0' },
        { prefix: '2001:0DB8:0::', prefixLen: 32, name: 'customer 17' },
        { prefix: '192.0.2.7', prefixLen: 32 },
        { prefix: '::', prefixLen: 0 },
      ],
    }
    assert.deepEqual(prefixesOf(body), [
      { cidr: '172.16.1.0/24', name: undefined },
      { cidr: '2001:db8::/32', name: 'customer 17' },
      { cidr: '192.0.2.7/32', name: undefined },
      { cidr: '::/0', name: undefined },
    ])
  })

  for (const [what, prefix, text] of [
    [
      'has bits of a host',
      { prefix: '172.16.1.5', prefixLen: 24 },
      /network is 172\.16\.1\.0\/24$/,
    ],
    ['has bits of an IPv6 host', { prefix: '2001:db8::1', prefixLen: 32 }, /is 2001:db8::\/32$/],
    ['is too long', { prefix: '172.16.1.0', prefixLen: 33 }, /no network/],
    ['is longer than any', { prefix: '2001:db8::', prefixLen: 129 }, /^prefixes\.1\.prefixLen: /],
    ['has a part of a length', { prefix: '172.16.1.0', prefixLen: 24.5 }, /prefixLen/],
    ['has a text for a length', { prefix: '172.16.1.0', prefixLen: '24' }, /prefixLen/],
    ['has its length twice', { prefix: '172.16.1.0/24', prefixLen: 24 }, /its length is prefixLen/],
    ['is no address', { prefix: 'example.com', prefixLen: 24 }, /no network/],
    ['is a part of an address', { prefix: '172.16', prefixLen: 16 }, /no network/],
    ['has no length', { prefix: '172.16.1.0' }, /prefixLen/],
    [
      'has a misspelt member',
      { prefix: '10.0.0.0', prefixLen: 8, prefixLength: 8 },
      /prefixLength/,
    ],
    ['has a name with a line end', { prefix: '10.0.0.0', prefixLen: 8, name: 'a\nb' }, /control/],
    ['has a name with a NUL', { prefix: '10.0.0.0', prefixLen: 8, name: '\0' }, /control/],
  ] as const) {
    it(`are refused whole when one ${what}`, () => {
      const body = { prefixes: [{ prefix: '10.0.0.0', prefixLen: 8 }, prefix] }
      rejects(400, () => prefixesOf(body), text)
    })
  }

  for (const body of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"prefixes":{}}',
    '{"prefixes":[1]}',
    '{"x":1}',
    '﻿{}',
  ]) {
    it(`are not ${JSON.stringify(body)}`, () => {
      rejects(400, () => prefixesOf(body), /./)
    })
  }

  it('are refused in other texts than UTF-8', () => {
    const body = Buffer.from(
      '{"prefixes":[{"prefix":"10.0.0.0","prefixLen":8,"name":"\xe9"}]}',
      'latin1',
    )
    rejects(400, () => readBody(body, PREFIXES_BODY), /UTF-8/)
  })
})

describe('an address in a path', () => {
  it('has many spellings', () => {
    assert.equal(readSenderAddress('192.0.2.1'), '192.0.2.1')
    assert.equal(readSenderAddress('2001:DB8:0:0::1'), '2001:db8::1')
    assert.equal(readSenderAddress('::ffff:192.0.2.1'), '192.0.2.1')
    assert.equal(readSenderAddress('::ffff:c000:201'), '192.0.2.1')
  })

  for (const text of [
    'localhost',
    '192.0.2.1/32',
    '192.0.2',
    '',
    'fe80::1%eth0',
    '1.2.3.4.5',
    "'",
  ]) {
    it(`is not ${JSON.stringify(text)}: no name is looked up`, () => {
      rejects(400, () => readSenderAddress(text), /no IPv4 or IPv6 address/)
    })
  }
})

describe('a body', () => {
  it('may be sent as curl sends it, as JSON, or without a type', () => {
    for (const type of [
      ...[undefined, '', 'application/json', 'Application/JSON; charset=UTF-8'],
      ...['application/x-www-form-urlencoded', 'text/plain;charset="utf-8"'],
    ]) {
      checkMediaType({ type, encoding: undefined })
    }
  })

  for (const headers of [
    { type: 'application/xml', encoding: undefined },
    { type: 'multipart/form-data; boundary=x', encoding: undefined },
    { type: 'application/json; charset=utf-16', encoding: undefined },
    { type: 'application/json', encoding: 'gzip' },
  ]) {
    it(`is refused as ${Object.values(headers).join(' ')}`, () => {
      rejects(415, () => checkMediaType(headers), /the body is/)
    })
  }
})

describe('a request for statistics', () => {
  it('has each pair once, however it is spelt', () => {
    const { pairs, prefixes } = statsOf({
      '2001:db8::/32': { years: ['2014', { 2014: ['all', 'dstip:2001:db8:0::1'] }] },
      '2001:DB8:0::/32': { whatever: [{ 2014: ['dstip:2001:db8::1'] }] },
    })
    assert.equal(pairs.length, 2)
    assert.deepEqual(
      prefixes.map(({ prefix }) => prefix),
      ['2001:db8::/32', '2001:DB8:0::/32'],
    )
  })

  for (const [status, body, text] of [
    [400, [], /expected record/i],
    [400, 'null', /body/],
    [400, { '10.0.0.0/8': ['2014'] }, /^10\.0\.0\.0\/8: /],
    [400, { '10.0.0.0/8': { years: '2014' } }, /^10\.0\.0\.0\/8\.years: /],
    [400, { '10.0.0.0/8': { years: [2014] } }, /^10\.0\.0\.0\/8\.years\.0: expected a time/],
    [400, { '10.0.0.0/8': { years: [{ 2014: 'all' }] } }, /years\.0/],
    [400, { '10.0.0.0/8': { years: [{ 2013: ['all'], 2014: ['all'] }] } }, /exactly one time/],
    [400, { '10.0.0.0/8': { years: [{}] } }, /exactly one time/],
    [400, { '10.0.0.1/8': {} }, /its network is 10\.0\.0\.0\/8/],
    [400, { '10.0.0.0': {} }, /no network/],
    [400, { '10/8': {} }, /no network/],
    [422, { '10.0.0.0/8': { years: ['14'] } }, /no time/],
    [422, { '10.0.0.0/8': { years: [{ 2014: ['bytes'] }] } }, /no tracked field/],
  ] as const) {
    it(`is refused with ${status}: ${JSON.stringify(body)}`, () => {
      rejects(status, () => statsOf(body), text)
    })
  }

  it('has at most 10,000 times × names', () => {
    const ports = Array.from({ length: 5000 }, (_, port) => `dstport:${port}`)
    const most = { '10.0.0.0/8': { years: [{ 2013: ports }, { 2014: ports }] } }
    assert.equal(statsOf(most).pairs.length, 10_000)
    rejects(
      422,
      () => statsOf({ ...most, '10.0.0.0/9': { years: ['2014'] } }),
      /10000 times × names/,
    )
  })
})
