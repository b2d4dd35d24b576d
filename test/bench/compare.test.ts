import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareSamples, layOutComparison } from './compare.ts'
import { type BenchTable, figure } from './measure/bench-table.ts'
import type { BenchResults } from './results-file.ts'

function resultsOf(samples: readonly number[], extra: readonly string[] = []): BenchResults {
  const rows = ['same', ...extra].map((name) => ({
    name,
    figures: { 'rows/s': figure(samples, 0), CPU: figure([], 0) },
  }))
  const table: BenchTable = {
    id: 'writer',
    title: 'The writer',
    rowTitle: 'stream',
    columns: ['rows/s', 'CPU'],
    rows,
    note: '',
  }
  const setup = {
    size: 'tiny',
    measuredAt: '2026-01-01T00:00:00.000Z',
    commit: 'abc',
    node: 'v20',
    cpu: 'one',
    cpus: 2,
    memoryBytes: 2 ** 30,
    kernel: '6',
    postgres: '18',
    serverSettings: {},
  } as const
  return { setup, tables: [table] }
}

describe('two runs', () => {
  it('are compared by the ratio of medians, and of single rounds for the noise', () => {
    assert.deepEqual(compareSamples([90, 100, 110], [180, 220, 200]), {
      ratio: 2,
      min: 180 / 110,
      max: 220 / 90,
    })
    assert.equal(compareSamples([], [1]), undefined)
    assert.equal(compareSamples([1], undefined), undefined)
  })

  it('are laid out row by row; what only one of them has is left out', () => {
    const lines = layOutComparison(resultsOf([100]), resultsOf([150], ['new']))
    assert.deepEqual(lines.slice(-2), [
      'stream             rows/s  CPU',
      'same    1.50 (1.50..1.50)    –',
    ])
  })

  it('are told apart from noise', () => {
    const lines = layOutComparison(resultsOf([90, 100, 110]), resultsOf([95, 105, 115]))
    assert.match(lines.at(-1) ?? '', /= 1\.05 \(0\.86\.\.1\.28\)/)
  })
})
