import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { interleave } from './interleave.ts'

describe('variants', () => {
  it('take turns; each round starts with another one, and the warm-up is thrown away', async () => {
    const turns: string[] = []
    const variant = (name: string) => async () => turns.push(name)
    const variants = { a: variant('a'), b: variant('b') }
    const results = await interleave(variants, { rounds: 2, warmUp: true })
    assert.deepEqual(turns, ['a', 'b', 'b', 'a', 'a', 'b'])
    assert.deepEqual(results, { a: [4, 5], b: [3, 6] })
  })

  it('are measured from the first round on without a warm-up', async () => {
    const results = await interleave({ a: async () => 1 }, { rounds: 1, warmUp: false })
    assert.deepEqual(results, { a: [1] })
  })
})
