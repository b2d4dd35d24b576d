/**
 * The queue of lines: it is bounded, keeps the order, and knows which lines were wholly accepted.
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { LineQueue } from '../../../collector/forward/line-queue.ts'

/** Appends a datagram's line. @returns false when it does not fit */
function push(queue: LineQueue, line: string): boolean {
  const slot = queue.reserve(line.length)
  slot?.buffer.write(line, slot.position, 'latin1')
  return slot !== undefined
}

/**
 * Accepts up to `bytes` of the head.
 *
 * @returns these bytes, and the datagrams that they completed
 */
function take(queue: LineQueue, bytes: number): { text: string; datagrams: number } {
  const head = queue.head()
  if (!head) return { text: '', datagrams: 0 }
  const count = Math.min(bytes, head.end - head.start)
  const text = head.buffer.toString('latin1', head.start, head.start + count)
  return { text, datagrams: queue.accept(count) }
}

it('the bytes come out as they went in, and whole lines are counted however they are cut', () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 60_000, max: 90_000 }))
  const action = fc.oneof(
    fc.record({ push: size }),
    fc.record({ report: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 70_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const queue = new LineQueue(Number.POSITIVE_INFINITY)
      let pushed = ''
      let taken = ''
      let datagrams = 0
      for (const step of actions) {
        if ('take' in step) {
          const part = take(queue, step.take)
          taken += part.text
          datagrams += part.datagrams
        } else if ('push' in step) {
          const line = `[${'x'.repeat(step.push)}\n`
          assert.ok(push(queue, line))
          pushed += line
        } else {
          const line = `{${'y'.repeat(step.report)}\n`
          queue.pushReport(line)
          pushed += line
        }
        assert.ok(pushed.startsWith(taken))
        assert.equal(queue.bytes, pushed.length - taken.length)
        assert.equal(datagrams, countLines(taken, '['))
        assert.equal(queue.datagrams, countLines(pushed, '[') - datagrams)
        assert.equal(queue.reports, countLines(pushed, '{') - countLines(taken, '{'))
        assert.equal(queue.head() === undefined, queue.bytes === 0)
      }
    }),
  )
})

function countLines(text: string, kind: string): number {
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith(kind)).length
}

it('a line that exceeds the bound is refused, a report is not', () => {
  const queue = new LineQueue(10)
  assert.equal(push(queue, '[1234567\n'), true)
  assert.equal(push(queue, '[\n'), false)
  queue.pushReport('{}\n')
  assert.equal(queue.bytes, 12)
  assert.equal(queue.datagrams, 1)
  take(queue, 12)
  assert.equal(push(queue, '[\n'), true)
})

it('an empty queue takes a line that is longer than the bound', () => {
  const queue = new LineQueue(10)
  assert.equal(push(queue, `[${'x'.repeat(100_000)}\n`), true)
  assert.equal(push(queue, '[\n'), false)
})

it('a rewind goes back to the start of a cut line', () => {
  const queue = new LineQueue(1000)
  push(queue, '[one\n')
  push(queue, '[two\n')
  assert.deepEqual(take(queue, 7), { text: '[one\n[t', datagrams: 1 })
  queue.rewindToLineStart()
  assert.equal(queue.bytes, 5)
  assert.deepEqual(take(queue, 100), { text: '[two\n', datagrams: 1 })
})

it('the end of the first line is the start of the next', () => {
  const queue = new LineQueue(1000)
  push(queue, '[one\n')
  push(queue, '[two\n')
  take(queue, 2)
  assert.equal(queue.endOfFirstLine(), 5)
})

it('bytes put before the lines are not counted as datagrams', () => {
  const queue = new LineQueue(1000)
  push(queue, '[two\n')
  queue.prepend(Buffer.from('[zero\n[one\n'))
  assert.deepEqual(take(queue, 8), { text: '[zero\n[o', datagrams: 0 })
  assert.deepEqual(take(queue, 100), { text: 'ne\n', datagrams: 0 })
  assert.deepEqual(take(queue, 100), { text: '[two\n', datagrams: 1 })
  assert.equal(queue.head(), undefined)
})

it('clearing counts the datagrams that it discards, including the cut one', () => {
  const queue = new LineQueue(1000)
  push(queue, '[one\n')
  push(queue, '[two\n')
  push(queue, '[three\n')
  take(queue, 6)
  assert.equal(queue.clear(), 2)
  assert.equal(queue.bytes, 0)
  assert.equal(queue.head(), undefined)
})

it('reused chunks do not mix their lines', () => {
  const queue = new LineQueue(Number.POSITIVE_INFINITY)
  for (let round = 0; round < 3; round += 1) {
    const lines = Array.from({ length: 100 }, (_, i) => `[${round} ${i} ${'x'.repeat(3000)}\n`)
    for (const line of lines) push(queue, line)
    let text = ''
    for (let part = take(queue, 50_000); part.text !== ''; part = take(queue, 50_000)) {
      text += part.text
    }
    assert.equal(text, lines.join(''))
    assert.equal(queue.datagrams, 0)
  }
})
