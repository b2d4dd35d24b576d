/** Tests that exporters which count something of their own cause no alarm, and others still do. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SequenceTracker } from '../../../writer/exporters/sequence-tracker.ts'
import type { SequenceUnit } from '../../../writer/exporters/sequence-unit.ts'
import type { SequencedDatagram } from '../../../writer/exporters/sequenced-datagram.ts'
import { NumberedExporter } from './numbered-exporter.ts'

function follow(tracker: SequenceTracker, datagrams: readonly SequencedDatagram[]) {
  const gaps = datagrams.flatMap((datagram) => {
    tracker.observe(datagram)
    return tracker.expire(datagram.receivedAtMs)
  })
  const last = datagrams.at(-1)?.receivedAtMs ?? 0
  return [...gaps, ...tracker.expire(last + 60_000)]
}

/** Messages with changing numbers of records; every tenth carries two templates. */
function sendVaried(exporter: NumberedExporter, count: number): SequencedDatagram[] {
  return Array.from({ length: count }, (_, index) =>
    exporter.send({ data: 5 + ((index * 7) % 20), templates: index % 10 === 0 ? 2 : 0 }),
  )
}

const LEARNED: readonly (readonly [number, SequenceUnit])[] = [
  [5, 'datagrams'],
  [5, 'none'],
  [9, 'records'],
  [9, 'records+templates'],
  [9, 'none'],
  [10, 'datagrams'],
  [10, 'records+templates'],
  [10, 'none'],
]

describe('an exporter that counts something of its own', () => {
  for (const [version, unit] of LEARNED) {
    for (const intervalMs of [5, 400]) {
      const title = `v${version} counts ${unit}, a datagram in ${intervalMs} ms`
      it(`is found out without a false gap: ${title}`, () => {
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

  it('causes no alarm however slowly it sends', () => {
    for (const intervalMs of [5_000, 60_000]) {
      const exporter = new NumberedExporter({ version: 9, unit: 'records', intervalMs })
      const tracker = new SequenceTracker(9)
      assert.deepEqual(follow(tracker, sendVaried(exporter, 40)), [])
      assert.equal(tracker.unit, 'records')
    }
  })

  it('is reported once', () => {
    const exporter = new NumberedExporter({ version: 5, unit: 'datagrams' })
    const tracker = new SequenceTracker(5)
    follow(tracker, sendVaried(exporter, 100))
    assert.deepEqual(tracker.takeUnitChange(), { from: 'flows', to: 'datagrams' })
    assert.equal(tracker.takeUnitChange(), undefined)
    follow(tracker, sendVaried(exporter, 100))
    assert.equal(tracker.takeUnitChange(), undefined)
  })

  it('has its loss counted in its own unit afterwards', () => {
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

  it('may return to the standard', () => {
    const odd = new NumberedExporter({ version: 10, unit: 'datagrams' })
    const tracker = new SequenceTracker(10)
    follow(tracker, sendVaried(odd, 50))
    const ordinary = new NumberedExporter({ version: 10, sequence: odd.sequence })
    ordinary.nowMs = odd.nowMs
    follow(tracker, sendVaried(ordinary, 2_000))
    assert.equal(tracker.unit, 'records')
  })

  it('keeps its unit over a restart of the writer', () => {
    const exporter = new NumberedExporter({ version: 9, unit: 'records' })
    const tracker = new SequenceTracker(9)
    follow(tracker, sendVaried(exporter, 100))
    const restored = new SequenceTracker(9)
    restored.restore(tracker.toState())
    exporter.lose(1, { data: 8 })
    const gaps = follow(restored, sendVaried(exporter, 50))
    assert.equal(restored.takeUnitChange(), undefined)
    assert.deepEqual(
      gaps.map(({ lost, unit }) => [lost, unit]),
      [[8, 'records']],
    )
  })

  it('is learned over a restart of the writer', () => {
    const exporter = new NumberedExporter({ version: 9, unit: 'records' })
    let tracker = new SequenceTracker(9)
    for (const datagram of sendVaried(exporter, 60)) {
      tracker.observe(datagram)
      assert.deepEqual(tracker.expire(datagram.receivedAtMs), [])
      const state = JSON.parse(JSON.stringify(tracker.toState()))
      // The learner forgets the last message with a restart, so it learns from the pairs between.
      if (datagram.sequence % 3 === 0) {
        tracker = new SequenceTracker(9)
        tracker.restore(state)
      }
    }
    assert.equal(tracker.unit, 'records')
  })
})

describe('an ordinary stream', () => {
  for (const version of [5, 9, 10]) {
    for (const before of [1, 2, 5, 19]) {
      it(`has a gap after ${before} datagrams declared exactly (v${version})`, () => {
        const exporter = new NumberedExporter({ version })
        const tracker = new SequenceTracker(version)
        const datagrams = sendVaried(exporter, before)
        exporter.lose(2, { data: 9 })
        datagrams.push(...sendVaried(exporter, 20))
        const gaps = follow(tracker, datagrams)
        assert.equal(gaps.length, 1)
        assert.equal(tracker.lost, version === 9 ? 2 : 18)
      })
    }

    it(`keeps its unit under heavy loss and reordering (v${version})`, () => {
      const exporter = new NumberedExporter({ version })
      const tracker = new SequenceTracker(version)
      const datagrams: SequencedDatagram[] = []
      for (let index = 0; index < 300; index += 1) {
        const [one, other] = sendVaried(exporter, 2)
        if (index % 3 === 0) exporter.lose(1)
        if (one && other) datagrams.push(other, one)
      }
      follow(tracker, datagrams)
      assert.equal(tracker.takeUnitChange(), undefined)
    })
  }

  it('has a gap declared that looks like another unit, when nothing else speaks for it', () => {
    const exporter = new NumberedExporter({ version: 10 })
    const tracker = new SequenceTracker(10)
    const first = exporter.send({ data: 1, templates: 1 })
    exporter.lose(1, { data: 1 })
    follow(tracker, [first, ...exporter.sendMany(10, { data: 1 })])
    assert.equal(tracker.lost, 1)
  })
})
