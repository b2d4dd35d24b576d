/** Tests how a stream is followed while messages hold an unknown number of records. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { follow, pair, releaseOf } from './followed-exporter.ts'

describe('a message with sets of unknown templates', () => {
  it('is followed by neither loss nor success, and the numbers begin again', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const datagrams = exporter.sendMany(3)
    datagrams.push(exporter.send({ data: 4, undecodedSets: 1, undecodedRecords: 9 }))
    exporter.lose(5)
    datagrams.push(...exporter.sendMany(3))
    const { verdicts, gaps } = follow(tracker, datagrams)
    assert.deepEqual(verdicts.slice(3), ['in-order', 'indeterminate', 'in-order', 'in-order'])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.lost, 0)
  })

  it('does not hide the loss before it', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const datagrams = exporter.sendMany(3)
    exporter.lose(2)
    datagrams.push(exporter.send({ data: 0, undecodedSets: 1, undecodedRecords: 9 }))
    datagrams.push(...exporter.sendMany(3))
    follow(tracker, datagrams)
    assert.equal(tracker.lost, 20)
  })

  it('does not matter to v9, which counts datagrams', () => {
    const { exporter, tracker } = pair({ version: 9 })
    const datagrams = exporter.sendMany(3, { data: 0, undecodedSets: 1, undecodedRecords: 9 })
    exporter.lose(1)
    datagrams.push(exporter.send({ data: 0, undecodedSets: 1, undecodedRecords: 9 }))
    follow(tracker, datagrams)
    assert.equal(tracker.lost, 1)
  })

  it('shows that nothing was lost when its sets are decoded later', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const held = exporter.send({ data: 4, undecodedSets: 2, undecodedRecords: 9 })
    follow(tracker, [...exporter.sendMany(0), held, ...exporter.sendMany(3)])
    assert.equal(tracker.release(releaseOf(held, 6)), true)
    assert.equal(tracker.release(releaseOf(held, 3)), true)
    assert.equal(tracker.release(releaseOf(held, 3)), false)
    const { gaps } = follow(tracker, exporter.sendMany(3))
    assert.deepEqual(gaps, [])
  })

  it('has the loss after it declared when its sets are decoded later', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const held = exporter.send({ data: 4, undecodedSets: 1, undecodedRecords: 9 })
    exporter.lose(1, { data: 6 })
    follow(tracker, [held, ...exporter.sendMany(3)])
    tracker.release(releaseOf(held, 9))
    const { gaps } = follow(tracker, exporter.sendMany(1))
    assert.deepEqual(
      gaps.map(({ lost, expected }) => [lost, expected]),
      [[6, 1_013]],
    )
  })

  it('makes the next number known when its sets are decoded before the next message', () => {
    const { exporter, tracker } = pair({ version: 10 })
    follow(tracker, exporter.sendMany(2))
    const held = exporter.send({ data: 4, undecodedSets: 1, undecodedRecords: 9 })
    tracker.observe(held)
    assert.equal(tracker.next, null)
    tracker.release(releaseOf(held, 9))
    assert.equal(tracker.next, exporter.sequence)
    exporter.lose(1)
    follow(tracker, [exporter.send()])
    assert.equal(tracker.lost, 10)
  })
})
