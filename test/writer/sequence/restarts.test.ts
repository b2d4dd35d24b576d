/** Tests which sequences are a restart of the exporter, and which are not. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SequenceTracker } from '../../../writer/sequence/sequence-tracker.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { follow, pair, SEQUENCED_VERSIONS } from './followed-exporter.ts'

describe('a restart of the exporter', () => {
  for (const version of [5, 6, 7, 8, 9]) {
    it(`is recognised by the uptime and declares no loss (v${version})`, () => {
      const { exporter, tracker } = pair({ version, sequence: 900_000 })
      const datagrams = exporter.sendMany(5)
      exporter.reboot(0)
      datagrams.push(...exporter.sendMany(5))
      const { verdicts, gaps } = follow(tracker, datagrams)
      assert.equal(verdicts[5], 'restart')
      assert.deepEqual(verdicts.slice(6), Array(4).fill('in-order'))
      assert.deepEqual(gaps, [])
      assert.equal(tracker.lost, 0)
      assert.equal(tracker.restarts, 1)
    })

    it(`is distinguished from a huge loss by the boot time (v${version})`, () => {
      const jump = 1_000_000_000
      const lossy = pair({ version, sequence: 100 })
      const datagrams = lossy.exporter.sendMany(2)
      lossy.exporter.sequence += jump
      lossy.exporter.nowMs += 60_000
      // The second one shows that the first was no stray.
      datagrams.push(...lossy.exporter.sendMany(2))
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

  it('declares the holes before it', () => {
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

  it('is not a wrap of the uptime after 49.7 days', () => {
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

  it('is not one very late datagram, in any version', () => {
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

  it('is recognised at once in IPFIX when the number is small and far behind', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 900_000 })
    const datagrams = exporter.sendMany(5)
    exporter.reboot(0)
    datagrams.push(exporter.send())
    const { verdicts } = follow(tracker, datagrams)
    assert.equal(verdicts.at(-1), 'restart')
    assert.equal(tracker.restarts, 1)
  })

  it('is recognised in IPFIX after two messages in order from an earlier number', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 3_000 })
    const datagrams = exporter.sendMany(5)
    exporter.reboot(0)
    datagrams.push(...exporter.sendMany(4))
    const { verdicts, gaps } = follow(tracker, datagrams)
    assert.deepEqual(verdicts.slice(5), ['late', 'restart', 'in-order', 'in-order'])
    assert.deepEqual(gaps, [])
    assert.equal(tracker.restarts, 1)
    assert.equal(tracker.late, 0)
    assert.equal(tracker.lost, 0)
  })

  it('is recognised by the numbers alone when the uptime is zero or frozen', () => {
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

  it('is recognised after eight messages when only the numbers begin again', () => {
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

  it('is not a step of the clock of the writer', () => {
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

  it("is not a step of the host's clock, nor a pause that the stream clock does not count", () => {
    for (const [wallStepMs, steadyStepMs] of [
      [3_600_000, 0],
      [-3_600_000, 0],
      [0, -3_600_000],
    ] as const) {
      const { exporter, tracker } = pair({ version: 9 })
      const datagrams = exporter.sendMany(5)
      exporter.lose(1)
      const stepped = exporter.sendMany(5).map((datagram) => ({
        ...datagram,
        wallMs: datagram.wallMs + wallStepMs,
        receivedAtMs: datagram.receivedAtMs + steadyStepMs,
      }))
      follow(tracker, [...datagrams, ...stepped])
      assert.equal(tracker.restarts, 0)
    }
  })

  it('is not a loss of an exporter with a frozen uptime after a restart of the writer', () => {
    const { exporter, tracker } = pair({ version: 9, uptimeMs: 77_000, intervalMs: 400 })
    follow(tracker, exporter.sendMany(60))
    const restored = new SequenceTracker(9)
    restored.restore(JSON.parse(JSON.stringify(tracker.toState())))
    exporter.nowMs += 60_000
    exporter.lose(50)
    follow(restored, exporter.sendMany(5))
    assert.equal(restored.restarts, 0)
    assert.equal(restored.lost, 50)
  })

  it('is not derived from an uptime that runs at the wrong speed', () => {
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

  it('takes messages that move the number: those without records share one', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 500_000 })
    const datagrams = exporter.sendMany(20)
    exporter.sequence = 100_000
    datagrams.push(...exporter.sendMany(3, { data: 0 }), ...exporter.sendMany(2))
    const { verdicts } = follow(tracker, datagrams)
    assert.deepEqual(verdicts.slice(20), [...Array(3).fill('undecided'), 'restart', 'in-order'])
    assert.equal(tracker.restarts, 1)
    assert.equal(tracker.lost, 0)
  })

  it('takes messages that continue each other', () => {
    const { exporter, tracker } = pair({ version: 10, sequence: 500_000 })
    const datagrams = exporter.sendMany(20)
    const { sequence } = exporter
    for (const strayed of [100_000, 200_000, 300_000]) {
      exporter.sequence = strayed
      datagrams.push(exporter.send())
    }
    exporter.sequence = sequence
    datagrams.push(...exporter.sendMany(5))
    const { verdicts } = follow(tracker, datagrams)
    assert.deepEqual(verdicts.slice(20, 23), Array(3).fill('undecided'))
    assert.deepEqual(verdicts.slice(23), Array(5).fill('in-order'))
    assert.equal(tracker.restarts, 0)
  })
})
