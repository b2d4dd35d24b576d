/** Tests that an exporter's unit is learned without a false gap, while real loss still shows. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SequenceTracker } from '../../../writer/sequence/sequence-tracker.ts'
import type { SequenceUnit } from '../../../writer/sequence/sequence-unit.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { NumberedExporter } from './numbered-exporter.ts'
import { follow, sendVaried } from './tracked-datagrams.ts'

/** Sends as softflowd does: 32 flows a message, or fewer beside templates and an options record. */
function sendLikeSoftflowd(exporter: NumberedExporter, count: number): SequencedDatagram[] {
  return Array.from({ length: count }, (_, index) =>
    index % 16 === 0
      ? exporter.send({ data: 25, options: 1, templates: 5 })
      : exporter.send({ data: 32 }),
  )
}

const LEARNED: readonly (readonly [number, SequenceUnit])[] = [
  [5, 'datagrams'],
  [5, 'flows-inclusive'],
  [5, 'none'],
  [9, 'flows'],
  [9, 'flows-inclusive'],
  [9, 'records'],
  [9, 'records-inclusive'],
  [9, 'records+templates'],
  [9, 'sets'],
  [9, 'none'],
  [10, 'datagrams'],
  [10, 'flows'],
  [10, 'flows-inclusive'],
  [10, 'records-inclusive'],
  [10, 'records+templates'],
  [10, 'sets'],
  [10, 'none'],
]

describe('an exporter with a unit of its own', () => {
  for (const [version, unit] of LEARNED) {
    for (const intervalMs of [5, 400, 60_000]) {
      const title = `v${version} counts ${unit}, a datagram in ${intervalMs} ms`
      it(`is recognised without a false gap: ${title}`, () => {
        const exporter = new NumberedExporter({ version, unit, intervalMs })
        const tracker = new SequenceTracker(version)
        const gaps = follow(tracker, sendVaried(exporter, 200))
        assert.deepEqual(gaps, [])
        assert.equal(tracker.unit, unit)
        assert.equal(tracker.restarts, 0)
        assert.equal(tracker.late, 0)
        assert.equal(tracker.lost, unit === 'none' ? null : 0)
      })
    }
  }

  for (const sequence of [0, 1_000]) {
    it(`causes no alarm from its first message on, numbered from ${sequence}`, () => {
      for (const [version, unit] of LEARNED) {
        for (let count = 2; count < 40; count += 1) {
          const exporter = new NumberedExporter({ version, unit, sequence, intervalMs: 5_000 })
          const tracker = new SequenceTracker(version)
          const found = follow(tracker, sendVaried(exporter, count))
          const { late, restarts } = tracker
          const title = `v${version} ${unit}, ${count} messages`
          assert.deepEqual({ found, late, restarts }, { found: [], late: 0, restarts: 0 }, title)
        }
      }
    })
  }

  it('has an earlier loss counted in its own unit once it is recognised', () => {
    for (let lost = 1; lost < 40; lost += 1) {
      const exporter = new NumberedExporter({ version: 10, unit: 'flows-inclusive', sequence: 0 })
      const tracker = new SequenceTracker(10)
      const sent = sendLikeSoftflowd(exporter, 60)
      const [missing] = sent.splice(lost, 1)
      assert.ok(missing)
      const flows = missing.dataRecords - missing.optionsRecords
      const gaps = follow(tracker, sent).map(({ lost, unit }) => ({ lost, unit }))
      assert.deepEqual(gaps, [{ lost: flows, unit: 'flows' }], `message ${lost} was lost`)
      assert.equal(tracker.unit, 'flows-inclusive')
      assert.equal(tracker.lost, flows)
    }
  })

  it('is recognised although messages overtake each other', () => {
    const exporter = new NumberedExporter({ version: 10, unit: 'flows-inclusive' })
    const tracker = new SequenceTracker(10)
    const sent = sendLikeSoftflowd(exporter, 80)
    for (let index = 1; index + 1 < sent.length; index += 3) {
      const [one, other] = [sent[index], sent[index + 1]]
      if (one && other) sent.splice(index, 2, other, one)
    }
    assert.deepEqual(follow(tracker, sent), [])
    assert.equal(tracker.unit, 'flows-inclusive')
    assert.equal(tracker.restarts, 0)
  })

  it('is recognised when messages from before their templates are decoded', () => {
    const exporter = new NumberedExporter({ version: 10, unit: 'flows-inclusive' })
    const tracker = new SequenceTracker(10)
    const sizes = [20, 32, 17, 32, 9]
    const held = sizes.map((size) =>
      exporter.send({ data: 0, undecodedSets: 1, undecodedRecords: size }),
    )
    assert.deepEqual(follow(tracker, held), [])
    for (const [index, { sequence }] of held.entries()) {
      tracker.release({ sequence, dataRecords: sizes[index] ?? 0, optionsRecords: 0 })
    }
    assert.deepEqual(follow(tracker, [exporter.send({ data: 25, options: 1 })]), [])
    assert.equal(tracker.unit, 'flows-inclusive')
    exporter.lose(1, { data: 30 })
    const gaps = follow(tracker, [exporter.send({ data: 7 })])
    assert.deepEqual(
      gaps.map(({ lost, unit }) => [lost, unit]),
      [[30, 'flows']],
    )
  })

  it('has neither loss nor success counted at a message that is not decoded', () => {
    const exporter = new NumberedExporter({ version: 10, unit: 'flows-inclusive', sequence: 0 })
    const tracker = new SequenceTracker(10)
    follow(tracker, sendLikeSoftflowd(exporter, 40))
    exporter.lose(1)
    const held = exporter.send({ data: 5, undecodedSets: 1, undecodedRecords: 9 })
    assert.equal(tracker.observe(held), 'indeterminate')
    assert.equal(tracker.next, exporter.sequence)
    exporter.lose(1, { data: 3 })
    const gaps = follow(tracker, [exporter.send({ data: 7 })])
    assert.deepEqual(
      gaps.map(({ lost }) => lost),
      [3],
    )
  })

  it('is reported once', () => {
    const exporter = new NumberedExporter({ version: 5, unit: 'datagrams' })
    const tracker = new SequenceTracker(5)
    follow(tracker, sendVaried(exporter, 100))
    assert.deepEqual(tracker.takeNotice(), {
      kind: 'unit-changed',
      from: 'flows',
      to: 'datagrams',
    })
    assert.equal(tracker.takeNotice(), undefined)
    follow(tracker, sendVaried(exporter, 100))
    assert.equal(tracker.takeNotice(), undefined)
  })

  it('has its later loss counted in its own unit', () => {
    const exporter = new NumberedExporter({ version: 5, unit: 'datagrams' })
    const tracker = new SequenceTracker(5)
    follow(tracker, sendVaried(exporter, 100))
    exporter.lose(3)
    const gaps = follow(tracker, sendVaried(exporter, 100))
    assert.deepEqual(
      gaps.map(({ lost, unit }) => [lost, unit]),
      [[3, 'datagrams']],
    )
  })

  it('may return to the standard unit', () => {
    const odd = new NumberedExporter({ version: 10, unit: 'datagrams' })
    const tracker = new SequenceTracker(10)
    follow(tracker, sendVaried(odd, 50))
    const ordinary = new NumberedExporter({ version: 10, sequence: odd.sequence })
    ordinary.nowMs = odd.nowMs
    follow(tracker, sendVaried(ordinary, 2_000))
    assert.equal(tracker.unit, 'records')
  })

  it('keeps its unit after a restart of the writer', () => {
    const exporter = new NumberedExporter({ version: 9, unit: 'records' })
    const tracker = new SequenceTracker(9)
    follow(tracker, sendVaried(exporter, 100))
    const restored = new SequenceTracker(9)
    restored.restore(tracker.toState())
    exporter.lose(1, { data: 8 })
    const gaps = follow(restored, sendVaried(exporter, 50))
    assert.equal(restored.takeNotice(), undefined)
    assert.deepEqual(
      gaps.map(({ lost, unit }) => [lost, unit]),
      [[8, 'records']],
    )
  })

  it('is recognised across restarts of the writer', () => {
    const exporter = new NumberedExporter({ version: 9, unit: 'records' })
    let tracker = new SequenceTracker(9)
    for (const datagram of sendVaried(exporter, 60)) {
      tracker.observe(datagram)
      assert.deepEqual(tracker.expire(datagram.receivedAtMs), [])
      const state = JSON.parse(JSON.stringify(tracker.toState()))
      // Restarts at irregular distances, so that the learner must go on from stored evidence.
      if (datagram.sequence % 3 === 0) {
        tracker = new SequenceTracker(9)
        tracker.restore(state)
      }
    }
    assert.equal(tracker.unit, 'records')
  })
})

/** Sends flow entries of one or two records each. */
function sendBidirectional(exporter: NumberedExporter, count: number): SequencedDatagram[] {
  return Array.from({ length: count }, (_, index) => {
    const before = exporter.sequence
    const pairs = 8 + ((index * 5) % 9)
    const replies = (index * 7) % pairs
    const datagram = exporter.send({ data: pairs + replies })
    exporter.sequence = (before + pairs) >>> 0
    return { ...datagram, sequence: before }
  })
}

describe('an exporter that counts flow entries of one or two records', () => {
  it('is recognised without a false gap, and its loss is never too large', () => {
    const exporter = new NumberedExporter({ version: 9, unit: 'flows' })
    const tracker = new SequenceTracker(9)
    assert.deepEqual(follow(tracker, sendBidirectional(exporter, 400)), [])
    assert.equal(tracker.unit, 'bidirectional-flows')
    exporter.sequence += 100
    const [gap, ...others] = follow(tracker, sendBidirectional(exporter, 20))
    assert.deepEqual(others, [])
    assert.ok(gap && gap.lost > 84 && gap.lost <= 100, String(gap?.lost))
    assert.equal((gap.received - gap.expected) >>> 0, gap.lost)
  })

  it('has late messages fill their hole', () => {
    const exporter = new NumberedExporter({ version: 9, unit: 'flows' })
    const tracker = new SequenceTracker(9)
    const datagrams = sendBidirectional(exporter, 400)
    for (let index = 200; index + 2 < datagrams.length; index += 7) {
      const [one, two, three] = datagrams.slice(index, index + 3)
      if (one && two && three) datagrams.splice(index, 3, three, one, two)
    }
    assert.deepEqual(follow(tracker, datagrams), [])
    assert.equal(tracker.restarts, 0)
  })
})
