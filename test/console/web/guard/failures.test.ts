/** Wrong passwords are counted by address, for a minute, within a bound. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Access } from '../../../../console/web/guard/access.ts'
import { Failures } from '../../../../console/web/guard/failures.ts'

function fail(failures: Failures, address: string, times: number, nowMs = 0): void {
  for (let turn = 0; turn < times; turn += 1) failures.add(address, nowMs)
}

describe('wrong passwords', () => {
  it('refuse an address after ten of them, until a minute after the first', () => {
    const failures = new Failures()
    fail(failures, '192.0.2.1', 9)
    assert.equal(failures.refusedFor('192.0.2.1', 0), 0)
    fail(failures, '192.0.2.1', 1, 30_000)
    assert.equal(failures.refusedFor('192.0.2.1', 30_000), 30)
    assert.equal(failures.refusedFor('192.0.2.2', 30_000), 0)
    assert.equal(failures.refusedFor('192.0.2.1', 60_000), 0)
  })

  it('count for a whole /64 of IPv6', () => {
    const failures = new Failures()
    for (let host = 0; host < 10; host += 1) fail(failures, `2001:db8:0:1::${host}`, 1)
    assert.equal(failures.refusedFor('2001:db8:0:1:ffff::9', 0), 60)
    assert.equal(failures.refusedFor('2001:db8:0:2::1', 0), 0)
    fail(failures, '::ffff:192.0.2.1', 10)
    assert.equal(failures.refusedFor('::ffff:192.0.2.2', 0), 0)
  })

  it('are remembered for 10,000 addresses', () => {
    const failures = new Failures()
    fail(failures, '192.0.2.1', 10)
    for (let number = 0; number < 10_000; number += 1) fail(failures, `host ${number}`, 1)
    assert.equal(failures.refusedFor('192.0.2.1', 0), 0)
    assert.equal(failures.total, 10_010)
  })

  it('are not counted for requests without any, as browsers send first', () => {
    const failures = new Failures()
    const access = new Access('secret', failures)
    const request = { authorization: undefined, address: '192.0.2.1', nowMs: 0 }
    for (let turn = 0; turn < 20; turn += 1) assert.throws(() => access.check(request), /missing/)
    assert.equal(failures.total, 0)
    access.check({ ...request, authorization: 'Bearer secret' })
    assert.throws(() => access.check({ ...request, authorization: 'Bearer Secret' }), /wrong/)
    assert.equal(failures.total, 1)
  })
})
