/** Tests that learning of units delays no loss of an ordinary stream, nor changes its unit. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SequenceTracker } from '../../../writer/sequence/sequence-tracker.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { NumberedExporter } from './numbered-exporter.ts'
import { follow, sendVaried } from './tracked-datagrams.ts'

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
      assert.equal(tracker.takeNotice(), undefined)
    })
  }

  it('has a gap that suggests another unit declared once that unit fails', () => {
    const exporter = new NumberedExporter({ version: 10 })
    const tracker = new SequenceTracker(10)
    const first = exporter.send({ data: 1, templates: 1 })
    exporter.lose(1, { data: 1 })
    assert.deepEqual(follow(tracker, [first, ...exporter.sendMany(10, { data: 1 })]), [])
    follow(tracker, [exporter.send({ data: 3, templates: 1 }), exporter.send({ data: 1 })])
    assert.equal(tracker.lost, 1)
  })

  it('has such a gap declared after 35 minutes without further evidence', () => {
    const exporter = new NumberedExporter({ version: 10 })
    const tracker = new SequenceTracker(10)
    const first = exporter.send({ data: 1, templates: 1 })
    exporter.lose(1, { data: 1 })
    follow(tracker, [first, ...exporter.sendMany(10, { data: 1 })])
    assert.equal(tracker.expire(exporter.nowMs + 30 * 60_000).length, 0)
    assert.equal(tracker.expire(exporter.nowMs + 40 * 60_000).length, 1)
  })

  it('has a gap declared at once when all units agree on it', () => {
    const exporter = new NumberedExporter({ version: 10 })
    const tracker = new SequenceTracker(10)
    const datagrams = exporter.sendMany(3, { data: 1 })
    exporter.lose(2, { data: 1 })
    assert.equal(follow(tracker, [...datagrams, exporter.send({ data: 1 })]).length, 1)
    assert.equal(tracker.lost, 2)
  })
})
