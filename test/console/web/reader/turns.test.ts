/** Turns in order, or ahead of others; how many may wait, and who is refused. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiError } from '../../../../console/web/api/api-error.ts'
import { type Turn, Turns } from '../../../../console/web/reader/turns.ts'

const { signal } = new AbortController()
const isBusy = ({ code }: ApiError) => code === 'busy'

/** Waits for a turn, notes a name, and ends the turn. */
const note = (turns: Turns, order: string[], [name, turn]: readonly [string, Turn]) =>
  turns.take(signal, turn).then((release) => {
    order.push(name)
    release()
  })

describe('turns', () => {
  it('come in order, but the next ones first', async () => {
    const turns = new Turns(1, 4)
    const release = await turns.take(signal)
    const order: string[] = []
    const waiting = (
      [
        ['a', 'in order'],
        ['b', 'in order'],
        ['first', 'next'],
        ['second', 'next'],
      ] as const
    ).map((one) => note(turns, order, one))
    assert.deepEqual([turns.running, turns.waiting], [1, 4])
    release()
    await Promise.all(waiting)
    assert.deepEqual(order, ['first', 'second', 'a', 'b'])
    assert.deepEqual([turns.running, turns.waiting], [0, 0])
  })

  it('are refused when too many wait in order, which does not concern the next ones', async () => {
    const turns = new Turns(1, 2)
    const release = await turns.take(signal)
    const order: string[] = []
    const waiting = [note(turns, order, ['a', 'in order'])]
    await assert.rejects(turns.take(signal), isBusy)
    waiting.push(note(turns, order, ['first', 'next']))
    await assert.rejects(turns.take(signal, 'next'), isBusy)
    assert.equal(turns.refused, 2)
    release()
    await Promise.all(waiting)
    assert.deepEqual(order, ['first', 'a'])
  })

  it('skip a client that has left', async () => {
    const turns = new Turns(1, 3)
    const release = await turns.take(signal)
    const gone = new AbortController()
    const refused = turns.take(gone.signal, 'next')
    const order: string[] = []
    const waiting = note(turns, order, ['a', 'in order'])
    gone.abort()
    await assert.rejects(refused, isBusy)
    release()
    await waiting
    assert.deepEqual([order, turns.running], [['a'], 0])
  })
})
