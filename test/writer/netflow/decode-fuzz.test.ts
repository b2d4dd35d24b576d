/**
 * Hostile datagrams, a hundred thousand of them in `npm run test:long`: the decoder must not throw,
 * loop or exceed its limits, and every record must fit the table. The seeds are fixed, so a failure
 * is reproducible; `npm run fuzz` tries more.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderVictim } from '../../helpers/decoder-victim.ts'
import { HOSTILE_KINDS } from '../../helpers/hostile-datagrams.ts'
import { Random } from '../../helpers/random.ts'
import { shortened } from '../../helpers/shortened.ts'

const DATAGRAMS_PER_SHARE = shortened(1_000)
const ALL_VERSIONS = 7

describe('a decoder', () => {
  for (const [index, { name, share, versions, make }] of HOSTILE_KINDS.entries()) {
    const count = share * DATAGRAMS_PER_SHARE
    it(`survives ${count} datagrams: ${name}`, () => {
      const random = new Random(index + 1)
      const victim = new DecoderVictim()
      for (let number = 0; number < count; number++) {
        const datagram = make(random)
        try {
          victim.receive(datagram)
        } catch (cause) {
          throw new Error(`datagram ${number}: ${datagram.toString('hex')}`, { cause })
        }
        if (number % 100 === 0) victim.checkMemory()
      }
      victim.checkMemory()
      for (const version of versions) assert.ok(victim.versions.has(version), `no v${version}`)
      if (versions.length === ALL_VERSIONS) {
        assert.ok(victim.accepted > count / 3 && victim.flows > count / 3)
      }
    })
  }
})
