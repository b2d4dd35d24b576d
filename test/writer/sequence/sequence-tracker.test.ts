/** Tests the loss that a tracker finds in each version, also after a restart of the writer. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SequenceTracker } from '../../../writer/sequence/sequence-tracker.ts'
import {
  FLOW_VERSIONS,
  follow,
  pair,
  SEQUENCED_VERSIONS,
  withoutTime,
} from './followed-exporter.ts'
import { NumberedExporter } from './numbered-exporter.ts'

describe('the unit of a sequence number', () => {
  it('is none for v1: loss is unknown, and no two datagrams are duplicates', () => {
    const { exporter, tracker } = pair({ version: 1 })
    const datagram = exporter.send()
    const { verdicts, gaps } = follow(tracker, [datagram, datagram, exporter.send()])
    assert.deepEqual(verdicts, ['unsequenced', 'unsequenced', 'unsequenced'])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.lost, null)
    assert.equal(tracker.unit, 'none')
    assert.equal(tracker.next, null)
  })

  for (const version of FLOW_VERSIONS) {
    it(`is flows for v${version}: the next number is this one plus the count`, () => {
      const { exporter, tracker } = pair({ version, sequence: 500 })
      const before = exporter.sendMany(2, { data: 30 })
      exporter.lose(1, { data: 7 })
      const { verdicts, gaps } = follow(tracker, [...before, exporter.send({ data: 30 })])
      assert.deepEqual(verdicts, ['first', 'in-order', 'ahead'])
      assert.deepEqual(withoutTime(gaps), [
        {
          expected: 560,
          received: 567,
          lost: 7,
          unit: 'flows',
        },
      ])
      assert.equal(tracker.lost, 7)
      assert.equal(tracker.next, 597)
    })
  }

  it('is datagrams for v9, and one with only templates counts', () => {
    const { exporter, tracker } = pair({ version: 9, sequence: 500 })
    const datagrams = [exporter.send({ data: 20 }), exporter.send({ data: 0, templates: 3 })]
    exporter.lose(3, { data: 25 })
    const { gaps } = follow(tracker, [...datagrams, exporter.send({ data: 20 })])
    assert.deepEqual(withoutTime(gaps), [
      { expected: 502, received: 505, lost: 3, unit: 'datagrams' },
    ])
    assert.equal(tracker.unit, 'datagrams')
  })

  it('is data records for IPFIX: options data records count, templates do not', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 500 })
    const datagrams = [
      exporter.send({ data: 0, templates: 4 }),
      exporter.send({ data: 12, templates: 1 }),
      exporter.send({ data: 3 }),
    ]
    assert.deepEqual(follow(tracker, datagrams).gaps, [])
    exporter.lose(2, { data: 11 })
    const { gaps } = follow(tracker, [exporter.send({ data: 5 })])
    assert.deepEqual(withoutTime(gaps), [
      {
        expected: 515,
        received: 537,
        lost: 22,
        unit: 'records',
      },
    ])
  })
})

describe('a tracker after a restart of the writer', () => {
  for (const version of SEQUENCED_VERSIONS) {
    it(`goes on from the stored number and declares the loss in between (v${version})`, () => {
      const { exporter, tracker } = pair({ version })
      follow(tracker, exporter.sendMany(5))
      const { unit, next } = tracker
      exporter.lose(4)
      const restored = new SequenceTracker(version)
      restored.restore({ unit, next })
      const { verdicts } = follow(restored, exporter.sendMany(3))
      assert.deepEqual(verdicts, ['ahead', 'in-order', 'in-order'])
      assert.equal(restored.lost, version === 9 ? 4 : 40)
    })
  }

  it('keeps holes, duplicates and boot time with the whole stored state', () => {
    const { exporter, tracker } = pair({ version: 9 })
    const [a, b, c, d] = exporter.sendMany(4)
    assert.ok(a && b && c && d)
    for (const datagram of [a, d]) tracker.observe(datagram)
    const restored = new SequenceTracker(9)
    restored.restore(JSON.parse(JSON.stringify(tracker.toState())))
    assert.equal(restored.isDuplicate(d.sequence, d.fingerprint), true)
    follow(restored, [c])
    assert.equal(restored.late, 1)
    assert.equal(restored.lost, 1)
    exporter.reboot(0)
    const { verdicts } = follow(restored, [exporter.send()])
    assert.deepEqual(verdicts, ['restart'])
  })

  it('begins at the first datagram when the next number was unknown', () => {
    const tracker = new SequenceTracker(10)
    tracker.restore({ unit: 'records', next: null })
    const { verdicts } = follow(tracker, new NumberedExporter({ version: 10 }).sendMany(2))
    assert.deepEqual(verdicts, ['first', 'in-order'])
  })
})
