/**
 * The source ports of a stream: the series that each sends, which belong together, and which are
 * forgotten.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_PORTS_PER_STREAM } from '../../../../writer/netflow/limits.ts'
import { SourcePort, SourcePorts } from '../../../../writer/netflow/memory/source-ports.ts'
import { Random } from '../../../helpers/random.ts'

const SECOND = 1_000_000
const DAY = 86_400 * SECOND

/** Counts of messages that arrive a second after another. */
class Heard {
  readonly forgotten: number[] = []
  readonly ports = new SourcePorts(({ port }) => this.forgotten.push(port))
  nowMicros = 0

  message(
    port: number,
    sequence: number,
    { records = 5, options = 0, templates = 0, isComplete = true } = {},
  ): void {
    this.nowMicros += SECOND
    this.ports.arrive(port, sequence, this.nowMicros)
    this.ports.note({
      dataRecords: records,
      optionsRecords: options,
      releasedOptions: 0,
      templateRecords: templates,
      waitingSets: isComplete ? 0 : 1,
      uncountedSets: 0,
    })
  }
}

describe('two source ports', () => {
  const COUNTED = [
    ['datagrams', {}, 1],
    ['records', { records: 7 }, 7],
    ['flows', { records: 7, options: 2 }, 5],
    ['records and templates', { records: 7, templates: 2 }, 9],
  ] as const

  for (const [unit, counts, step] of COUNTED) {
    it(`are one exporter if they continue each other's numbers, in ${unit}`, () => {
      const heard = new Heard()
      for (let message = 0; message < 6; message++) {
        heard.message(5000 + (message % 2), 100 + message * step, counts)
      }
      assert.equal(heard.ports.isSurelyKin(5000, 5001), true)
    })
  }

  it('are one exporter also if it numbers each message by its own records', () => {
    const heard = new Heard()
    let sequence = 100
    for (let message = 0; message < 6; message++) {
      const records = 4 + message
      sequence += records
      heard.message(5000 + (message % 2), sequence, { records })
    }
    assert.equal(heard.ports.isSurelyKin(5000, 5001), true)
  })

  it('are two if each continues its own numbers, however near they are', () => {
    const heard = new Heard()
    for (let message = 0; message < 20; message++) {
      heard.message(5000, message)
      // Ahead by one at times, as if it continued the other.
      heard.message(6000, message < 10 ? message : message + 1)
      assert.equal(heard.ports.isSurelyKin(5000, 6000), false)
    }
    assert.equal(heard.ports.isKin(5000, 6000), false)
  })

  it('are two again if they were taken for one', () => {
    const heard = new Heard()
    heard.message(5000, 10)
    heard.message(6000, 11)
    assert.equal(heard.ports.isKin(5000, 6000), true)
    heard.message(5000, 500)
    heard.message(6000, 12)
    assert.equal(heard.ports.isKin(5000, 6000), false)
  })

  it('say nothing by numbers that stay the same, or by records that are unknown', () => {
    const heard = new Heard()
    for (let message = 0; message < 6; message++) heard.message(5000 + (message % 2), 0)
    assert.equal(heard.ports.isKin(5000, 5001), false)
    for (let message = 0; message < 6; message++) {
      heard.message(7000 + (message % 2), 100 + message * 5, { isComplete: false })
    }
    assert.equal(heard.ports.isKin(7000, 7001), false)
  })
})

describe('a source port', () => {
  it('is gone after a day of silence, unless the clock was set', () => {
    const heard = new Heard()
    heard.message(5000, 1)
    heard.nowMicros += 2 * DAY
    heard.message(6000, 1)
    assert.equal(heard.ports.isGone(5000), false)
    for (let message = 0; message < 64; message++) heard.message(6000, 2 + message)
    assert.equal(heard.ports.isGone(5000), true)
    assert.equal(heard.ports.isGone(6000), false)
    assert.equal(heard.ports.isGone(7000), true)
  })

  it('makes room for another one: the one heard least often, or one that is gone', () => {
    const heard = new Heard()
    for (let port = 1; port <= MAX_PORTS_PER_STREAM; port++) {
      for (let message = 0; message < 10; message++) heard.message(port, port * 1000 + message)
    }
    heard.message(100, 1)
    assert.deepEqual(heard.forgotten, [1])
    heard.message(101, 1)
    assert.deepEqual(heard.forgotten, [1, 100])
    heard.nowMicros += DAY
    for (let port = 3; port <= MAX_PORTS_PER_STREAM; port++) heard.message(port, port * 1000 + 10)
    for (let message = 0; message < 64; message++) heard.message(3, 3011 + message)
    heard.message(102, 1)
    assert.deepEqual(heard.forgotten, [1, 100, 2])
    assert.equal(heard.ports.size, MAX_PORTS_PER_STREAM)
  })
})

describe('the numbers from one source port', () => {
  /** Whether several series were found, and after how many messages first. */
  function seriesOf(numbers: readonly number[]) {
    const port = new SourcePort(5000, 1)
    const found = numbers.findIndex((number) => port.moveTo(number))
    return { isSeveral: port.hasSeveralSeries, found }
  }

  it('are several series if they keep coming back to each', () => {
    const two = Array.from({ length: 20 }, (_, n) => (n % 2 ? 900_000 : 0) + n * 15)
    assert.deepEqual(seriesOf(two), { isSeveral: true, found: 9 })
    const three = Array.from({ length: 20 }, (_, n) => (n % 3) * 900_000 + n * 15)
    assert.deepEqual(seriesOf(three), { isSeveral: true, found: 10 })
  })

  it('are one series over a wrap, a loss and a restart', () => {
    const numbers = [2 ** 32 - 10, 0, 10, 5_000, 5_010, 5_005, 0, 10, 20, 30, 40, 50, 60, 70, 80]
    assert.deepEqual(seriesOf(numbers), { isSeveral: false, found: -1 })
  })

  it('are no series if they are random or stay the same', () => {
    const random = new Random(5)
    const numbers = Array.from({ length: 500 }, () => random.below(2 ** 32))
    assert.equal(seriesOf(numbers).isSeveral, false)
    assert.equal(seriesOf(Array(50).fill(7)).isSeveral, false)
  })
})
