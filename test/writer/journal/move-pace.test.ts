import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LONGEST_PAUSE_MS, MovePace } from '../../../writer/journal/move-pace.ts'

const CAPACITY = 1_048_576

describe('the pace of moves', () => {
  it('waits for longest while few bytes come', () => {
    const pace = new MovePace()
    for (const moved of [1, 2_000, 30_000]) {
      assert.equal(pace.next(moved, CAPACITY), LONGEST_PAUSE_MS)
    }
  })

  it('leaves it to the kernel to wake for bytes that come seldom, unless they are many', () => {
    const pace = new MovePace()
    assert.equal(pace.next(2_000, CAPACITY, 20), undefined)
    assert.equal(pace.next(2_000, CAPACITY, 5), LONGEST_PAUSE_MS)
    assert.equal(pace.next(CAPACITY, CAPACITY, 1_000), 0)
  })

  it('does not wait after a move that brought much, and hardly after the rest of it', () => {
    const pace = new MovePace()
    assert.equal(pace.next(CAPACITY, CAPACITY), 0)
    assert.equal(pace.next(CAPACITY / 8, CAPACITY), 0)
    assert.equal(pace.next(2_000, CAPACITY), 1)
  })

  it('grows the pause step by step when less comes, and not beyond its limit', () => {
    const pace = new MovePace()
    pace.next(CAPACITY, CAPACITY)
    pace.next(1, CAPACITY)
    const pauses = Array.from({ length: 6 }, () => pace.next(1_000, CAPACITY))
    assert.deepEqual(pauses, [2, 4, 8, 16, 16, 16])
  })

  it('keeps a pause that brings neither little nor much', () => {
    const pace = new MovePace()
    pace.next(CAPACITY, CAPACITY)
    assert.equal(pace.next(1, CAPACITY), 1)
    for (let turn = 0; turn < 5; turn++) assert.equal(pace.next(CAPACITY / 16, CAPACITY), 1)
  })

  it('leaves room in a pipe of any size: at a constant rate no pause fills a quarter of it', () => {
    for (const capacity of [65_536, CAPACITY]) {
      for (const share of [1 / 1_000, 1 / 100, 1 / 50, 1 / 20, 1 / 9]) {
        const pace = new MovePace()
        const bytesPerMs = capacity * share
        let pauseMs = pace.next(capacity, capacity) ?? 0
        for (let turn = 0; turn < 100; turn++) {
          // A pause of 0 is followed by a move that finds what came during a millisecond.
          pauseMs = pace.next(bytesPerMs * Math.max(1, pauseMs), capacity) ?? 0
          assert.ok(pauseMs * bytesPerMs <= capacity / 4, `${pauseMs} ms of ${bytesPerMs} bytes`)
        }
      }
    }
  })
})
