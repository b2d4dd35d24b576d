/** The costliest datagrams take a constant factor more time a byte than ordinary ones. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  COSTLY_DATAGRAMS,
  type CostlyDatagram,
  MAX_COST_FACTOR,
  measureCost,
  ORDINARY_DATAGRAM,
} from '../../helpers/costly-datagrams.ts'

/** Garbage collection may disturb a measurement, so it is repeated. */
const ATTEMPTS = 3

function factorOf(costly: CostlyDatagram): number {
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS && best > MAX_COST_FACTOR; attempt++) {
    best = Math.min(best, measureCost(costly) / measureCost(ORDINARY_DATAGRAM))
  }
  return best
}

describe('a byte costs little more than one of ordinary flows', () => {
  for (const costly of COSTLY_DATAGRAMS) {
    it(`in ${costly.name}`, () => {
      assert.ok(costly.datagram.length > 55_000 && costly.datagram.length <= 65_507)
      const factor = factorOf(costly)
      assert.ok(factor < MAX_COST_FACTOR, `${factor.toFixed(0)} times as much`)
    })
  }
})
