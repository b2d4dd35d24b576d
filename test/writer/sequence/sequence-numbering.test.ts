/** Tests which datagrams are late, duplicate or lost in different orders of arrival. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { follow, pair, SEQUENCED_VERSIONS } from './followed-exporter.ts'
import { NumberedExporter } from './numbered-exporter.ts'

describe('the reorder window', () => {
  for (const version of SEQUENCED_VERSIONS) {
    it(`counts 10, 12, 11, 13 as late, not as lost (v${version})`, () => {
      const { exporter, tracker } = pair({ version })
      const [a, b, c, d] = exporter.sendMany(4)
      assert.ok(a && b && c && d)
      const { verdicts, gaps } = follow(tracker, [a, c, b, d])
      assert.deepEqual(verdicts, ['first', 'ahead', 'late', 'in-order'])
      assert.deepEqual(gaps, [])
      assert.equal(tracker.lost, 0)
      assert.equal(tracker.late, 1)
    })

    it(`wraps at 2³² without a false gap (v${version})`, () => {
      const { exporter, tracker } = pair({ version, sequence: 0xffff_fffe })
      const datagrams = exporter.sendMany(3)
      exporter.lose(1)
      datagrams.push(...exporter.sendMany(3))
      const { gaps } = follow(tracker, datagrams)
      assert.equal(gaps.length, 1)
      assert.equal(tracker.lost, version === 9 ? 1 : 10)
      assert.equal(tracker.restarts, 0)
    })

    it(`counts loss across the wrap (v${version})`, () => {
      const { exporter, tracker } = pair({ version, sequence: 0xffff_fffe })
      if (version !== 9) exporter.sequence = 0xffff_ffe9
      const before = exporter.sendMany(2)
      exporter.lose(2)
      const { gaps } = follow(tracker, [...before, exporter.send()])
      assert.equal(gaps.length, 1)
      assert.equal(gaps[0]?.lost, version === 9 ? 2 : 20)
    })
  }

  it('splits a hole that a late datagram fills in the middle', () => {
    const { exporter, tracker } = pair({ version: 5, sequence: 0xffff_ffec })
    follow(tracker, exporter.sendMany(2))
    const sent = exporter.sendMany(5)
    const [a, , c, , e] = sent
    assert.ok(a && c && e)
    const { gaps } = follow(tracker, [a, e, c])
    assert.deepEqual(
      gaps.map(({ expected, received, lost }) => [expected, received, lost]),
      [
        [10, 20, 10],
        [30, 40, 10],
      ],
    )
    assert.equal(tracker.lost, 20)
  })

  it('declares a hole after 32 more datagrams, not before', () => {
    const { exporter, tracker } = pair({ version: 9, intervalMs: 1 })
    tracker.observe(exporter.send())
    exporter.lose(1)
    for (let count = 0; count < 32; count += 1) {
      const datagram = exporter.send()
      tracker.observe(datagram)
      assert.deepEqual(tracker.expire(datagram.receivedAtMs), [])
    }
    const last = exporter.send()
    tracker.observe(last)
    const gaps = tracker.expire(last.receivedAtMs)
    assert.equal(gaps.length, 1)
    assert.equal(gaps[0]?.detectedAtMs, last.receivedAtMs)
  })

  it('still accepts a datagram that 32 others have overtaken', () => {
    const { exporter, tracker } = pair({ version: 9, intervalMs: 1 })
    const first = exporter.send()
    const late = exporter.send()
    const { verdicts, gaps } = follow(tracker, [first, ...exporter.sendMany(32), late])
    assert.equal(verdicts.at(-1), 'late')
    assert.deepEqual(gaps, [])
  })

  it('declares a hole after 2 s although the stream is silent', () => {
    const { exporter, tracker } = pair({ version: 9 })
    for (const datagram of exporter.sendMany(2)) tracker.observe(datagram)
    exporter.lose(1)
    const { receivedAtMs } = exporter.send()
    tracker.observe({ ...exporter.send(), receivedAtMs })
    assert.deepEqual(tracker.expire(receivedAtMs + 2_000), [])
    assert.equal(tracker.expire(receivedAtMs + 2_001).length, 1)
    assert.deepEqual(tracker.expire(receivedAtMs + 9_000), [])
  })

  it('returns the same empty array when there is nothing to declare', () => {
    const { exporter, tracker } = pair({ version: 9 })
    tracker.observe(exporter.send())
    assert.equal(tracker.expire(exporter.nowMs), tracker.expire(exporter.nowMs + 5_000))
  })

  it('counts the same number with the same payload as a duplicate', () => {
    for (const version of SEQUENCED_VERSIONS) {
      const { exporter, tracker } = pair({ version })
      const datagram = exporter.send()
      const sent = [datagram, datagram, ...exporter.sendMany(3), datagram]
      const { verdicts, duplicates } = follow(tracker, sent)
      assert.deepEqual(verdicts, ['first', 'in-order', 'in-order', 'in-order'])
      assert.equal(duplicates, 2)
      assert.equal(tracker.late, 0)
    }
  })

  it('does not count the same datagram after a restart of the exporter as a duplicate', () => {
    const { exporter, tracker } = pair({ version: 9 })
    const datagram = exporter.send()
    const elsewhere = new NumberedExporter({ version: 9, sequence: 9_000_000, bootedAtMs: 1_000 })
    const { verdicts, duplicates } = follow(tracker, [datagram, elsewhere.send(), datagram])
    assert.deepEqual(verdicts.slice(0, 2), ['first', 'restart'])
    assert.equal(verdicts.length, 3)
    assert.equal(duplicates, 0)
  })

  it('does not count the same number with another payload as a duplicate', () => {
    const { exporter, tracker } = pair({ version: 5 })
    const datagram = exporter.send()
    tracker.observe(datagram)
    assert.equal(tracker.isDuplicate(datagram.sequence, datagram.fingerprint + 1), false)
    assert.equal(tracker.isDuplicate(datagram.sequence + 1, datagram.fingerprint), false)
  })
})
