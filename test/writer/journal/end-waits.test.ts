import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EndWaits } from '../../../writer/journal/end-waits.ts'

describe('those who wait for an end of the journal', () => {
  it('are called once each, in a later turn, when it is reached', async () => {
    const waits = new EndWaits()
    const called: string[] = []
    waits.add(10, () => called.push('10'))
    waits.add(20, () => called.push('20'))
    waits.note(9)
    await nextTurn()
    assert.deepEqual(called, [])
    waits.note(10)
    assert.deepEqual(called, [])
    await nextTurn()
    assert.deepEqual(called, ['10'])
    waits.note(25)
    waits.note(30)
    await nextTurn()
    assert.deepEqual(called, ['10', '20'])
  })

  it('are not called after they have given up', async () => {
    const waits = new EndWaits()
    const called: string[] = []
    const giveUp = waits.add(10, () => called.push('gave up'))
    waits.add(10, () => called.push('waits'))
    giveUp()
    giveUp()
    waits.note(10)
    await nextTurn()
    assert.deepEqual(called, ['waits'])
  })
})
