/** Maps track the entries that have yet to be written. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TrackedMap } from '../../../../writer/netflow/memory/tracked-map.ts'

describe('a tracked map', () => {
  it('returns each changed entry once, with its last value', () => {
    const map = new TrackedMap<string, number>(10)
    assert.equal(map.hasChanges, false)
    map.set('a', 1).set('b', 2).set('a', 3)
    assert.equal(map.hasChanges, true)
    assert.deepEqual(map.takeChanges(), {
      changed: [
        ['a', 3],
        ['b', 2],
      ],
      removed: [],
    })
    assert.equal(map.hasChanges, false)
    assert.deepEqual(map.takeChanges(), { changed: [], removed: [] })
  })

  it('does not count an equal value as a change', () => {
    const map = new TrackedMap<string, number>(10).set('a', 1)
    map.takeChanges()
    map.set('a', 1)
    assert.equal(map.hasChanges, false)
    map.touch('a')
    assert.deepEqual(map.takeChanges().changed, [['a', 1]])
    map.touch('b')
    assert.equal(map.hasChanges, false)
  })

  it('returns the key of a written entry that was removed', () => {
    const map = new TrackedMap<string, number>(10).set('a', 1)
    map.restore('b', 2)
    map.takeChanges()
    map.delete('a')
    map.delete('b')
    map.delete('c')
    assert.deepEqual(map.takeChanges(), { changed: [], removed: ['a', 'b'] })
    map.set('a', 3)
    assert.deepEqual(map.takeChanges(), { changed: [['a', 3]], removed: [] })
  })

  it('does not mention an entry that came and went unwritten', () => {
    const map = new TrackedMap<string, number>(10).set('a', 1)
    map.delete('a')
    assert.equal(map.hasChanges, false)
    assert.deepEqual(map.takeChanges(), { changed: [], removed: [] })
  })

  it('returns an entry that was removed and came back as changed', () => {
    const map = new TrackedMap<string, number>(10)
    map.restore('a', 1)
    map.delete('a')
    map.set('a', 2)
    assert.deepEqual(map.takeChanges(), { changed: [['a', 2]], removed: [] })
  })

  it('removes displaced entries, including restored ones', () => {
    const map = new TrackedMap<number, string>(2)
    map.restore(1, 'a')
    map.restore(2, 'b')
    map.restore(3, 'c')
    assert.deepEqual([...map.keys()], [2, 3])
    map.set(4, 'd').set(5, 'e').set(6, 'f')
    assert.deepEqual(map.takeChanges(), {
      changed: [
        [5, 'e'],
        [6, 'f'],
      ],
      removed: [1, 2, 3],
    })
  })

  it('renews an entry without changing it', () => {
    const map = new TrackedMap<number, string>(2)
    map.restore(1, 'a')
    map.restore(2, 'b')
    map.renew(1)
    map.renew(7)
    assert.equal(map.hasChanges, false)
    map.set(3, 'c')
    assert.deepEqual([...map.keys()], [1, 3])
  })
})
