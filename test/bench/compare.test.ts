import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assertBuilt, layOutRatios } from './compare.ts'
import { type BenchTable, figure } from './measure/bench-table.ts'

/** This checkout, seen from dist/test/bench/compare.test.js. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

function tableOf(samples: readonly number[], extra: readonly string[] = []): BenchTable {
  const rows = ['same', ...extra].map((name) => ({
    name,
    figures: { 'rows/s': figure(samples, 0), CPU: figure([], 0) },
  }))
  return { id: 'writer', title: 'The writer', rowTitle: 'stream', rows, note: '' }
}

describe('two checkouts', () => {
  it('are compared by the ratio of their medians, with the ends of all passes', () => {
    const lines = layOutRatios([
      { old: [tableOf([90, 100, 110])], new: [tableOf([180, 220, 200])] },
      { old: [tableOf([100])], new: [tableOf([100])] },
      { old: [tableOf([100])], new: [tableOf([150])] },
    ])
    assert.deepEqual(lines, [
      '',
      'The writer',
      '',
      'stream             rows/s  CPU',
      'same    1.50 (1.00..2.00)    –',
    ])
  })

  it('are compared row by row; a row of only one of them has no ratio', () => {
    const newer = [{ old: [tableOf([100])], new: [tableOf([150], ['new'])] }]
    assert.deepEqual(layOutRatios(newer).slice(-2), ['same      1.50    –', 'new          –    –'])
    const older = [{ old: [tableOf([100], ['gone'])], new: [tableOf([150])] }]
    assert.deepEqual(layOutRatios(older).slice(-2), ['same      1.50    –', 'gone         –    –'])
  })

  it('must be built', () => {
    assert.throws(() => assertBuilt('/nowhere'), /no \/nowhere\/dist\/test\/bench\/main\.js/)
    assert.doesNotThrow(() => assertBuilt(ROOT))
  })

  it('are compared by the passes in which both were measured', () => {
    const both = { old: [tableOf([100])], new: [tableOf([150])] }
    assert.deepEqual(layOutRatios([{ ...both, old: [] }, both]), layOutRatios([both]))
  })
})
