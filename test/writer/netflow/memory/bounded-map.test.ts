/** Bounded maps displace their oldest entry. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BoundedMap, OldestFirst } from '../../../../writer/netflow/memory/bounded-map.ts'

describe('a bounded map', () => {
  it('displaces the oldest entry when it is full', () => {
    const map = new BoundedMap<number, string>(2)
    map.set(1, 'a').set(2, 'b').set(3, 'c')
    assert.deepEqual(
      [...map],
      [
        [2, 'b'],
        [3, 'c'],
      ],
    )
    map.set(2, 'B').set(4, 'd')
    assert.deepEqual(
      [...map],
      [
        [3, 'c'],
        [4, 'd'],
      ],
    )
  })

  it('forgets in the order of arrival, also when entries are deleted and come back', () => {
    const map = new BoundedMap<number, number>(100)
    const order: number[] = []
    for (let i = 0; i < 5000; i++) {
      const key = (i * 37) % 160
      if (i % 3 === 0 && map.delete(key)) order.splice(order.indexOf(key), 1)
      if (!map.has(key)) {
        order.push(key)
        if (order.length > 100) order.shift()
      }
      map.set(key, i)
      assert.deepEqual([...map.keys()], order)
    }
  })
})

it('the oldest entry is found again after the map was empty', () => {
  const set = new Set<string>()
  const oldest = new OldestFirst(set)
  assert.equal(oldest.next(), undefined)
  set.add('a').add('b')
  assert.equal(oldest.next(), 'a')
  set.delete('a')
  set.delete('b')
  assert.equal(oldest.next(), undefined)
  set.add('c')
  assert.equal(oldest.next(), 'c')
})

it('removed entries are released, even if nothing asks for the oldest entry afterwards', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const entries = new Set<object>([{}])
  const oldest = new OldestFirst(entries)
  assert.notEqual(oldest.next(), undefined)
  const taken: WeakRef<object>[] = []
  for (let number = 0; number < 1000; number++) {
    const entry = {}
    entries.add(entry)
    taken.push(new WeakRef(entry))
    const [, second] = entries
    if (entries.size > 8 && second) entries.delete(second)
  }
  await setImmediate()
  collectGarbage()
  assert.ok(taken.slice(0, 900).every((entry) => entry.deref() === undefined))
  assert.equal(oldest.next(), [...entries][0])
})
