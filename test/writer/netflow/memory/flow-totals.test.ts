import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FlowTotal, FlowTotals } from '../../../../writer/netflow/memory/flow-totals.ts'

function totalAt(exportMicros: number): FlowTotal {
  return { bytes: 1n, packets: undefined, startMicros: Number.NaN, exportMicros }
}

describe('the totals of a stream', () => {
  it('are forgotten by the longest silence, and remember up to which export time', () => {
    const totals = new FlowTotals()
    totals.put('first', totalAt(300))
    totals.put('second', totalAt(200))
    totals.put('third', totalAt(400))
    totals.put('first', totalAt(500))
    assert.deepEqual([totals.forgottenMicros, totals.mayHaveForgotten(Number.NaN)], [0, false])
    totals.forgetOldest()
    totals.forgetOldest()
    assert.deepEqual([...totals.flows.keys()], ['first'])
    assert.equal(totals.forgottenMicros, 400)
    totals.put('late', totalAt(100))
    totals.flows.delete('first')
    totals.forgetAll()
    assert.deepEqual([totals.size, totals.forgottenMicros], [0, 400])
    const starts = [399, 400, 401, Number.NaN]
    assert.deepEqual(
      starts.map((start) => totals.mayHaveForgotten(start)),
      [true, true, false, true],
    )
  })
})
