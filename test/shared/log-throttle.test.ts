import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LogThrottle } from '../../shared/log-throttle.ts'

describe('LogThrottle', () => {
  it('admits one line a period, and counts the muted ones', () => {
    const throttle = new LogThrottle(1_000)
    assert.deepEqual(throttle.admit('a', 0), { muted: 0 })
    assert.equal(throttle.admit('a', 1), undefined)
    assert.equal(throttle.admit('a', 999), undefined)
    assert.deepEqual(throttle.admit('b', 999), { muted: 0 })
    assert.deepEqual(throttle.admit('a', 1_000), { muted: 2 })
    assert.equal(throttle.admit('a', 1_999), undefined)
  })

  it('reports the muted lines of a key that has become quiet', () => {
    const throttle = new LogThrottle(1_000)
    for (const now of [0, 1, 2]) throttle.admit('a', now)
    throttle.admit('b', 3)
    assert.deepEqual(throttle.takeMuted(1_499), [])
    assert.deepEqual(throttle.takeMuted(1_503), [{ key: 'a', muted: 2 }])
    assert.deepEqual(throttle.takeMuted(1e9), [])
    assert.deepEqual(throttle.admit('a', 1_504), { muted: 0 })
  })

  it('mutes keys above its bound, and reports them together', () => {
    const throttle = new LogThrottle(1_000, 2)
    for (const key of ['a', 'b']) assert.deepEqual(throttle.admit(key, 0), { muted: 0 })
    for (const key of ['c', 'd', 'c']) assert.equal(throttle.admit(key, 10), undefined)
    assert.deepEqual(throttle.takeMuted(1_009), [])
    assert.deepEqual(throttle.takeMuted(1_010), [{ key: undefined, muted: 3 }])
    assert.deepEqual(throttle.admit('c', 1_011), { muted: 0 })
  })

  it('admits or reports every line once, and keeps a bounded number of keys', () => {
    const line = fc.record({ key: fc.nat(20), afterMs: fc.nat(700), asks: fc.boolean() })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 300 }), (lines) => {
        const throttle = new LogThrottle(1_000, 5)
        let now = 0
        let reported = 0
        for (const { key, afterMs, asks } of lines) {
          now += afterMs
          const verdict = throttle.admit(String(key), now)
          if (verdict) reported += 1 + verdict.muted
          if (asks) for (const { muted } of throttle.takeMuted(now)) reported += muted
        }
        const rest = throttle.takeMuted(now + 10_000)
        assert.ok(rest.length <= 6)
        for (const { muted } of rest) reported += muted
        assert.equal(reported, lines.length)
      }),
    )
  })
})
