/** Tests that stray datagrams change nothing, and what becomes of real jumps. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'
import { StreamSequence } from '../../../writer/sequence/stream-sequence.ts'
import { NumberedExporter } from './numbered-exporter.ts'

/** The distances of a stray from the expected number, in units. */
const DISTANCES = [2 ** 31 - 1, -(2 ** 31 - 1), 1_000_000, -1_000_000, 5_000, 700, 3, 1]

function observe(stream: StreamSequence, datagrams: readonly SequencedDatagram[], port = 4_000) {
  for (const datagram of datagrams) {
    stream.observe(datagram, port)
    stream.expire(datagram.receivedAtMs)
  }
}

/** A message without records at a distance from the expected number. */
function strayOf(exporter: NumberedExporter, distance: number): SequencedDatagram {
  const stray = exporter.send({ data: 0 })
  if (exporter.version === 9) exporter.sequence -= 1
  const uptimeMs = stray.uptimeMs === undefined ? undefined : 77
  return { ...stray, sequence: (exporter.sequence + distance) >>> 0, uptimeMs }
}

describe('a stray datagram', () => {
  for (const version of [5, 9, 10]) {
    for (const intervalMs of [10, 1_000, 60_000]) {
      for (const pauseMs of [0, 4 * intervalMs]) {
        it(`makes no gap (v${version}, every ${intervalMs} ms, ${pauseMs} ms around it)`, () => {
          for (const distance of DISTANCES) {
            for (const port of [4_000, 5_000]) {
              const exporter = new NumberedExporter({ version, intervalMs, sequence: 3_000_000 })
              const stream = new StreamSequence(version)
              observe(stream, exporter.sendMany(100))
              exporter.nowMs += pauseMs
              observe(stream, [strayOf(exporter, distance)], port)
              stream.expire(exporter.nowMs + pauseMs)
              exporter.nowMs += pauseMs
              observe(stream, exporter.sendMany(100))
              stream.expire(exporter.nowMs + 3_600_000)
              const { lost, restarts, next } = stream
              const title = `distance ${distance}, port ${port}`
              const expected = { lost: 0, restarts: 0, next: exporter.sequence }
              assert.deepEqual({ lost, restarts, next }, expected, title)
            }
          }
        })
      }
    }

    it(`is counted (v${version})`, () => {
      for (const distance of [1_000_000, -1_000_000]) {
        const exporter = new NumberedExporter({ version, sequence: 3_000_000 })
        const stream = new StreamSequence(version)
        observe(stream, exporter.sendMany(100))
        for (let round = 1; round <= 3; round += 1) {
          observe(stream, [strayOf(exporter, round * distance)])
          observe(stream, exporter.sendMany(50))
        }
        assert.equal(stream.strays, 3)
      }
    })

    it(`does not hide that a loss before it was one (v${version})`, () => {
      const exporter = new NumberedExporter({ version, sequence: 3_000_000 })
      const stream = new StreamSequence(version)
      observe(stream, exporter.sendMany(100))
      exporter.lose(1)
      observe(stream, exporter.sendMany(2))
      observe(stream, [strayOf(exporter, 1_000_000)])
      observe(stream, exporter.sendMany(100))
      assert.equal(stream.lost, version === 9 ? 1 : 10)
    })

    it(`is none if the numbers pass over it: late datagrams and a loss (v${version})`, () => {
      const exporter = new NumberedExporter({ version, sequence: 3_000_000 })
      const stream = new StreamSequence(version)
      observe(stream, exporter.sendMany(100))
      const [a, lost, c] = exporter.sendMany(3)
      assert.ok(a && lost && c)
      observe(stream, [c, a])
      stream.expire(exporter.nowMs + 2_500)
      exporter.nowMs += 3_000
      observe(stream, exporter.sendMany(60))
      assert.equal(stream.lost, version === 9 ? 1 : 10)
      assert.equal(stream.strays, 0)
    })
  }
})

describe('a jump of the numbers', () => {
  it('is a loss when the numbers after it go on', () => {
    for (const version of [5, 9, 10]) {
      const exporter = new NumberedExporter({ version })
      const stream = new StreamSequence(version)
      observe(stream, exporter.sendMany(100))
      exporter.sequence += 1_000_000
      observe(stream, exporter.sendMany(2))
      assert.equal(stream.lost, 0)
      stream.expire(exporter.nowMs + 2_500)
      assert.equal(stream.lost, 1_000_000)
      assert.equal(stream.strays, 0)
    }
  })

  it('is taken back within the window although the numbers after it have gone on', () => {
    const exporter = new NumberedExporter({ version: 9 })
    const stream = new StreamSequence(9)
    observe(stream, exporter.sendMany(100))
    const other = new NumberedExporter({ version: 9, sequence: 1_000_000 })
    other.nowMs = exporter.nowMs
    observe(stream, other.sendMany(5))
    observe(stream, exporter.sendMany(100))
    stream.expire(exporter.nowMs + 60_000)
    assert.deepEqual([stream.lost, stream.next], [0, exporter.sequence])
  })
})
