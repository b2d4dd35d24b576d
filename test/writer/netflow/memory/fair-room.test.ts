/** A full room takes from the largest holder. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FairRoom } from '../../../../writer/netflow/memory/fair-room.ts'

describe('a fair room', () => {
  it('adds up what each holds, also when items change their size and go', () => {
    const room = new FairRoom<number>()
    room.put('a', 1, 100)
    room.put('a', 2, 50)
    room.put('b', 3, 10)
    room.put('a', 1, 20)
    assert.deepEqual([room.bytes, room.bytesOf('a'), room.bytesOf('b')], [80, 70, 10])
    room.remove('a', 1)
    room.remove('a', 2)
    room.remove('a', 2)
    room.put('c', 4, 0)
    assert.deepEqual([room.bytes, room.bytesOf('a'), room.bytesOf('c')], [10, 0, 0])
  })

  it('takes the oldest item of the largest holder', () => {
    const room = new FairRoom<number>()
    for (let item = 0; item < 10; item++) room.put('a', item, 100)
    room.put('b', 10, 500)
    assert.equal(room.next('b'), 0)
    room.remove('a', 0)
    assert.equal(room.next('c'), 1)
    for (let item = 1; item < 6; item++) room.remove('a', item)
    assert.equal(room.next('c'), 10)
    assert.equal(room.oldestOf('a'), 6)
    assert.equal(room.oldestOf('d'), undefined)
  })

  it('takes from the sender where it is among the largest', () => {
    const room = new FairRoom<number>()
    room.put('a', 1, 1000)
    room.put('b', 2, 1010)
    room.put('c', 3, 400)
    assert.equal(room.next('b'), 2)
    room.put('b', 2, 1010)
    assert.equal(room.next('a'), 1)
    assert.equal(new FairRoom<number>().next('a'), undefined)
  })
})
