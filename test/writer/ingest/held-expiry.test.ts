import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeldExpiry } from '../../../writer/ingest/held-expiry.ts'

type Options = ConstructorParameters<typeof HeldExpiry>[0]

describe('the expiry of held sets', () => {
  it('goes by the earliest reading of a host clock that was set', () => {
    const expiredUntil: number[] = []
    const options = {
      decoder: { expireHeldSets: (micros: number) => void expiredUntil.push(micros / 1_000) },
      heldDatagrams: { heldUntil: () => [] },
    }
    const expiry = new HeldExpiry(options as unknown as Options)
    for (const offsetMs of [0, 3_600_000, -5_000, 0]) expiry.expire(1_000_000, offsetMs)
    assert.deepEqual(expiredUntil, [1_000_000, 1_000_000, 995_000, 995_000])
  })
})
