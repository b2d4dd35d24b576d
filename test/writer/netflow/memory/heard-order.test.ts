/** The order of silence stays right, whoever is heard or removed. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HeardOrder, oldestOf } from '../../../../writer/netflow/memory/heard-order.ts'

describe('the order in which items were heard', () => {
  it('has the one that was silent for longest at its beginning', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('hear', 'remove'), fc.nat(7)))
    const property = fc.property(steps, (taken) => {
      const order = new HeardOrder<number>()
      const places = new Map<number, ReturnType<typeof order.add>>()
      // A map keeps the order of insertion.
      const model = new Set<number>()
      for (const [step, item] of taken) {
        const place = places.get(item)
        model.delete(item)
        if (step === 'hear') model.add(item)
        if (step === 'hear' && place === undefined) places.set(item, order.add(item))
        else if (step === 'hear' && place) order.touch(place)
        else if (place) {
          order.remove(place)
          places.delete(item)
        }
        assert.equal(order.oldest?.item, [...model][0])
        assert.equal(oldestOf(places.values())?.item, [...model][0])
      }
    })
    fc.assert(property)
  })
})
