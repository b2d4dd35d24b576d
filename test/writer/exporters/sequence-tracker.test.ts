/** Tests what one stream's tracker takes for loss, lateness, duplicates and restarts. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SequenceGap } from '../../../writer/exporters/gap-ledger.ts'
import { SequenceTracker } from '../../../writer/exporters/sequence-tracker.ts'
import type {
  SequencedDatagram,
  SequenceOutcome,
} from '../../../writer/exporters/sequenced-datagram.ts'
import { NumberedExporter, type NumberedExporterOptions } from './numbered-exporter.ts'

/** Observes datagrams and lets the window pass after the last one. */
function follow(tracker: SequenceTracker, datagrams: readonly SequencedDatagram[]) {
  const outcomes: SequenceOutcome[] = []
  const gaps: SequenceGap[] = []
  let nowMs = 0
  for (const datagram of datagrams) {
    if (tracker.isDuplicate(datagram.sequence, datagram.fingerprint)) {
      tracker.countDuplicate()
      continue
    }
    outcomes.push(tracker.observe(datagram))
    gaps.push(...tracker.expire(datagram.receivedAtMs))
    nowMs = Math.max(nowMs, datagram.receivedAtMs)
  }
  gaps.push(...tracker.expire(nowMs + 3_000))
  return { outcomes, gaps }
}

function withoutTime(gaps: readonly SequenceGap[]) {
  return gaps.map(({ expected, received, lost, unit }) => ({ expected, received, lost, unit }))
}

function pair(options: NumberedExporterOptions) {
  return {
    exporter: new NumberedExporter(options),
    tracker: new SequenceTracker(options.version),
  }
}

const FLOW_VERSIONS = [5, 6, 7, 8]
const SEQUENCED_VERSIONS = [...FLOW_VERSIONS, 9, 10]

describe('what a sequence number counts', () => {
  it('is nothing for v1: loss is not knowable, and no two datagrams are duplicates', () => {
    const { exporter, tracker } = pair({ version: 1 })
    const datagram = exporter.send()
    const { outcomes, gaps } = follow(tracker, [datagram, datagram, exporter.send()])
    assert.deepEqual(outcomes, ['unsequenced', 'unsequenced', 'unsequenced'])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.lost, null)
    assert.equal(tracker.unit, 'none')
    assert.equal(tracker.next, null)
  })

  for (const version of FLOW_VERSIONS) {
    it(`is flows for v${version}: the next number is this one plus the count`, () => {
      const { exporter, tracker } = pair({ version, sequence: 500 })
      const first = exporter.send({ data: 30 })
      exporter.lose(1, { data: 7 })
      const { outcomes, gaps } = follow(tracker, [first, exporter.send({ data: 30 })])
      assert.deepEqual(outcomes, ['first', 'ahead'])
      assert.deepEqual(withoutTime(gaps), [
        {
          expected: 530,
          received: 537,
          lost: 7,
          unit: 'flows',
        },
      ])
      assert.equal(tracker.lost, 7)
      assert.equal(tracker.next, 567)
    })
  }

  it('is datagrams for v9, those with templates only included', () => {
    const { exporter, tracker } = pair({ version: 9, sequence: 500 })
    const datagrams = [exporter.send({ data: 20 }), exporter.send({ data: 0, templates: 3 })]
    exporter.lose(3, { data: 25 })
    const { gaps } = follow(tracker, [...datagrams, exporter.send({ data: 20 })])
    assert.deepEqual(withoutTime(gaps), [
      { expected: 502, received: 505, lost: 3, unit: 'datagrams' },
    ])
    assert.equal(tracker.unit, 'datagrams')
  })

  it('is data records for IPFIX: those of options count, templates do not', () => {
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

describe('the reorder window', () => {
  for (const version of SEQUENCED_VERSIONS) {
    it(`takes 10, 12, 11, 13 for late, not for lost (v${version})`, () => {
      const { exporter, tracker } = pair({ version })
      const [a, b, c, d] = exporter.sendMany(4)
      assert.ok(a && b && c && d)
      const { outcomes, gaps } = follow(tracker, [a, c, b, d])
      assert.deepEqual(outcomes, ['first', 'ahead', 'late', 'in-order'])
      assert.deepEqual(gaps, [])
      assert.equal(tracker.lost, 0)
      assert.equal(tracker.late, 1)
    })

    it(`wraps at 2³² without notice (v${version})`, () => {
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
      const { exporter, tracker } = pair({ version, sequence: 0xffff_ffff })
      if (version !== 9) exporter.sequence = 0xffff_fff3
      const first = exporter.send()
      exporter.lose(2)
      const { gaps } = follow(tracker, [first, exporter.send()])
      assert.equal(gaps.length, 1)
      assert.equal(gaps[0]?.lost, version === 9 ? 2 : 20)
    })
  }

  it('splits a hole that a late datagram fills in the middle', () => {
    const { exporter, tracker } = pair({ version: 5, sequence: 0 })
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

  it('declares a hole when 32 more datagrams came, not before', () => {
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

  it('still takes a datagram that 32 others have overtaken', () => {
    const { exporter, tracker } = pair({ version: 9, intervalMs: 1 })
    const first = exporter.send()
    const late = exporter.send()
    const { outcomes, gaps } = follow(tracker, [first, ...exporter.sendMany(32), late])
    assert.equal(outcomes.at(-1), 'late')
    assert.deepEqual(gaps, [])
  })

  it('declares a hole after 2 s although nothing else comes', () => {
    const { exporter, tracker } = pair({ version: 9 })
    tracker.observe(exporter.send())
    exporter.lose(1)
    const { receivedAtMs } = exporter.send()
    tracker.observe({ ...exporter.send(), receivedAtMs })
    assert.deepEqual(tracker.expire(receivedAtMs + 2_000), [])
    assert.equal(tracker.expire(receivedAtMs + 2_001).length, 1)
    assert.deepEqual(tracker.expire(receivedAtMs + 9_000), [])
  })

  it('hands out the same empty array when there is nothing to declare', () => {
    const { exporter, tracker } = pair({ version: 9 })
    tracker.observe(exporter.send())
    assert.equal(tracker.expire(exporter.nowMs), tracker.expire(exporter.nowMs + 5_000))
  })

  it('takes the same number with the same payload for a duplicate', () => {
    for (const version of SEQUENCED_VERSIONS) {
      const { exporter, tracker } = pair({ version })
      const datagram = exporter.send()
      const { outcomes } = follow(tracker, [datagram, datagram, ...exporter.sendMany(3), datagram])
      assert.deepEqual(outcomes, ['first', 'in-order', 'in-order', 'in-order'])
      assert.equal(tracker.duplicates, 2)
      assert.equal(tracker.late, 0)
    }
  })

  it('takes the same datagram after a restart of the exporter for no duplicate', () => {
    const { exporter, tracker } = pair({ version: 9 })
    const datagram = exporter.send()
    const elsewhere = new NumberedExporter({ version: 9, sequence: 9_000_000, bootedAtMs: 1_000 })
    const { outcomes } = follow(tracker, [datagram, elsewhere.send(), datagram])
    assert.deepEqual(outcomes.slice(0, 2), ['first', 'restart'])
    assert.equal(outcomes.length, 3)
    assert.equal(tracker.duplicates, 0)
  })

  it('takes the same number with another payload for no duplicate', () => {
    const { exporter, tracker } = pair({ version: 5 })
    const datagram = exporter.send()
    tracker.observe(datagram)
    assert.equal(tracker.isDuplicate(datagram.sequence, datagram.fingerprint + 1), false)
    assert.equal(tracker.isDuplicate(datagram.sequence + 1, datagram.fingerprint), false)
  })
})

describe('a restart of the exporter', () => {
  for (const version of [5, 6, 7, 8, 9]) {
    it(`is seen by the uptime, and nothing is lost by it (v${version})`, () => {
      const { exporter, tracker } = pair({ version, sequence: 900_000 })
      const datagrams = exporter.sendMany(5)
      exporter.reboot(0)
      datagrams.push(...exporter.sendMany(5))
      const { outcomes, gaps } = follow(tracker, datagrams)
      assert.equal(outcomes[5], 'restart')
      assert.deepEqual(outcomes.slice(6), Array(4).fill('in-order'))
      assert.deepEqual(gaps, [])
      assert.equal(tracker.lost, 0)
      assert.equal(tracker.restarts, 1)
    })

    it(`is told from a huge loss by the boot time (v${version})`, () => {
      const jump = 1_000_000_000
      const lossy = pair({ version, sequence: 100 })
      const datagrams = lossy.exporter.sendMany(2)
      lossy.exporter.sequence += jump
      lossy.exporter.nowMs += 60_000
      datagrams.push(lossy.exporter.send())
      follow(lossy.tracker, datagrams)
      assert.equal(lossy.tracker.lost, jump)
      assert.equal(lossy.tracker.restarts, 0)

      const booted = pair({ version, sequence: 100 })
      const others = booted.exporter.sendMany(2)
      booted.exporter.reboot(booted.exporter.sequence + jump)
      others.push(booted.exporter.send())
      follow(booted.tracker, others)
      assert.equal(booted.tracker.lost, 0)
      assert.equal(booted.tracker.restarts, 1)
    })
  }

  it('declares what was missing before it', () => {
    const { exporter, tracker } = pair({ version: 9, sequence: 900_000 })
    const datagrams = exporter.sendMany(5)
    exporter.lose(2)
    datagrams.push(exporter.send())
    exporter.reboot(0, 500)
    datagrams.push(...exporter.sendMany(2))
    follow(
      tracker,
      datagrams.map((datagram) => ({ ...datagram })),
    )
    assert.equal(tracker.lost, 2)
  })

  it('is no wrap of the uptime after 49.7 days', () => {
    const { exporter, tracker } = pair({ version: 9, bootedAtMs: 1_785_000_000_000 - 2 ** 32 + 20 })
    const datagrams = exporter.sendMany(10)
    exporter.lose(1)
    datagrams.push(exporter.send())
    const uptimes = datagrams.map(({ uptimeMs }) => uptimeMs ?? 0)
    assert.ok((uptimes.at(-1) ?? 0) < (uptimes[0] ?? 0))
    follow(tracker, datagrams)
    assert.equal(tracker.restarts, 0)
    assert.equal(tracker.lost, 1)
  })

  it('is not one very late datagram, whatever its version', () => {
    for (const version of SEQUENCED_VERSIONS) {
      const { exporter, tracker } = pair({ version, sequence: 5 })
      const datagrams = exporter.sendMany(3)
      const late = exporter.send()
      datagrams.push(...exporter.sendMany(50), late, ...exporter.sendMany(50))
      const { gaps } = follow(tracker, datagrams)
      assert.equal(tracker.restarts, 0)
      assert.equal(tracker.late, 1)
      assert.equal(gaps.length, 1)
      assert.equal(tracker.lost, version === 9 ? 1 : 10)
    }
  })

  it('is not a few very late datagrams in order', () => {
    for (const version of SEQUENCED_VERSIONS) {
      const { exporter, tracker } = pair({ version, sequence: 5 })
      const datagrams = exporter.sendMany(3)
      const late = exporter.sendMany(4)
      datagrams.push(...exporter.sendMany(50), ...late, ...exporter.sendMany(50))
      follow(tracker, datagrams)
      assert.equal(tracker.restarts, 0)
      assert.equal(tracker.late, 4)
      assert.equal(tracker.lost, version === 9 ? 4 : 40)
    }
  })

  it('is seen at once by IPFIX when the number is small and far behind', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 900_000 })
    const datagrams = exporter.sendMany(5)
    exporter.reboot(0)
    datagrams.push(exporter.send())
    const { outcomes } = follow(tracker, datagrams)
    assert.equal(outcomes.at(-1), 'restart')
    assert.equal(tracker.restarts, 1)
  })

  it('is seen by IPFIX when two messages go on from an earlier number', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 3_000 })
    const datagrams = exporter.sendMany(5)
    exporter.reboot(0)
    datagrams.push(...exporter.sendMany(4))
    const { outcomes, gaps } = follow(tracker, datagrams)
    assert.deepEqual(outcomes.slice(5), ['late', 'restart', 'in-order', 'in-order'])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.restarts, 1)
    assert.equal(tracker.late, 0)
    assert.equal(tracker.lost, 0)
  })

  it('is seen by the numbers alone when the uptime is zero or frozen', () => {
    for (const uptimeMs of [0, 77_000]) {
      const { exporter, tracker } = pair({ version: 5, sequence: 5_000, uptimeMs, intervalMs: 400 })
      const datagrams = exporter.sendMany(60)
      exporter.lose(1)
      datagrams.push(...exporter.sendMany(10))
      exporter.sequence = 0
      datagrams.push(...exporter.sendMany(10))
      const { gaps } = follow(tracker, datagrams)
      assert.equal(tracker.restarts, 1)
      assert.deepEqual(
        gaps.map(({ lost }) => lost),
        [10],
      )
    }
  })

  it('is seen after eight messages when only the numbers began anew', () => {
    const { exporter, tracker } = pair({ version: 9, sequence: 5_000 })
    const datagrams = exporter.sendMany(20)
    exporter.sequence = 0
    datagrams.push(...exporter.sendMany(20))
    const { gaps } = follow(tracker, datagrams)
    assert.deepEqual(gaps, [])
    assert.equal(tracker.restarts, 1)
    assert.equal(tracker.late, 0)
    assert.equal(tracker.next, 20)
  })

  it('is not a step of our own clock', () => {
    const { exporter, tracker } = pair({ version: 9 })
    const datagrams = exporter.sendMany(5)
    const stepped = exporter.sendMany(5).map((datagram) => ({
      ...datagram,
      receivedAtMs: datagram.receivedAtMs + 3_600_000,
    }))
    const { gaps } = follow(tracker, [...datagrams, ...stepped])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.restarts, 0)
  })

  it('is not read from an uptime that runs at a wrong speed', () => {
    const { exporter, tracker } = pair({ version: 5, intervalMs: 60_000 })
    const slow = (datagram: SequencedDatagram, index: number) => ({ ...datagram, uptimeMs: index })
    const datagrams = exporter.sendMany(10)
    exporter.lose(1)
    datagrams.push(...exporter.sendMany(5))
    follow(
      tracker,
      datagrams.map((datagram, index) => slow(datagram, index + 1)),
    )
    assert.equal(tracker.restarts, 0)
    assert.equal(tracker.lost, 10)
  })
})

describe('a message with sets of unknown templates', () => {
  it('counts neither loss nor success after it, and anchors anew', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const datagrams = exporter.sendMany(3)
    datagrams.push(exporter.send({ data: 4, undecodedSets: 1, undecodedRecords: 9 }))
    exporter.lose(5)
    datagrams.push(...exporter.sendMany(3))
    const { outcomes, gaps } = follow(tracker, datagrams)
    assert.deepEqual(outcomes.slice(3), ['in-order', 'indeterminate', 'in-order', 'in-order'])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.lost, 0)
  })

  it('still counts the loss before it', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const datagrams = exporter.sendMany(3)
    exporter.lose(2)
    datagrams.push(exporter.send({ data: 0, undecodedSets: 1, undecodedRecords: 9 }))
    datagrams.push(...exporter.sendMany(3))
    follow(tracker, datagrams)
    assert.equal(tracker.lost, 20)
  })

  it('makes v9 no less exact, which counts datagrams', () => {
    const { exporter, tracker } = pair({ version: 9 })
    const datagrams = exporter.sendMany(3, { data: 0, undecodedSets: 1, undecodedRecords: 9 })
    exporter.lose(1)
    datagrams.push(exporter.send({ data: 0, undecodedSets: 1, undecodedRecords: 9 }))
    follow(tracker, datagrams)
    assert.equal(tracker.lost, 1)
  })

  it('becomes exact when the sets are decoded later: nothing was lost', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const held = exporter.send({ data: 4, undecodedSets: 2, undecodedRecords: 9 })
    follow(tracker, [...exporter.sendMany(0), held, ...exporter.sendMany(3)])
    assert.equal(tracker.release(held.sequence, 6), true)
    assert.equal(tracker.release(held.sequence, 3), true)
    assert.equal(tracker.release(held.sequence, 3), false)
    const { gaps } = follow(tracker, exporter.sendMany(3))
    assert.deepEqual(gaps, [])
  })

  it('becomes exact when the sets are decoded later: what was lost is declared', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const held = exporter.send({ data: 4, undecodedSets: 1, undecodedRecords: 9 })
    exporter.lose(1, { data: 6 })
    follow(tracker, [held, ...exporter.sendMany(3)])
    tracker.release(held.sequence, 9)
    const { gaps } = follow(tracker, exporter.sendMany(1))
    assert.deepEqual(
      gaps.map(({ lost, expected }) => [lost, expected]),
      [[6, 1_013]],
    )
  })

  it('makes the next number known when its sets are decoded before the next message', () => {
    const { exporter, tracker } = pair({ version: 10 })
    const held = exporter.send({ data: 4, undecodedSets: 1, undecodedRecords: 9 })
    tracker.observe(held)
    assert.equal(tracker.next, null)
    tracker.release(held.sequence, 9)
    assert.equal(tracker.next, exporter.sequence)
    exporter.lose(1)
    follow(tracker, [exporter.send()])
    assert.equal(tracker.lost, 10)
  })
})

describe('a restart of the writer', () => {
  for (const version of SEQUENCED_VERSIONS) {
    it(`goes on from the stored number and declares what was lost meanwhile (v${version})`, () => {
      const { exporter, tracker } = pair({ version })
      follow(tracker, exporter.sendMany(5))
      const { unit, next } = tracker
      exporter.lose(4)
      const restored = new SequenceTracker(version)
      restored.restore({ unit, next })
      const { outcomes } = follow(restored, exporter.sendMany(3))
      assert.deepEqual(outcomes, ['ahead', 'in-order', 'in-order'])
      assert.equal(restored.lost, version === 9 ? 4 : 40)
    })
  }

  it('keeps holes, duplicates and boot time when the whole state is stored', () => {
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
    const { outcomes } = follow(restored, [exporter.send()])
    assert.deepEqual(outcomes, ['restart'])
  })

  it('anchors anew when the next number was not known', () => {
    const tracker = new SequenceTracker(10)
    tracker.restore({ unit: 'records', next: null })
    const { outcomes } = follow(tracker, new NumberedExporter({ version: 10 }).sendMany(2))
    assert.deepEqual(outcomes, ['first', 'in-order'])
  })
})
