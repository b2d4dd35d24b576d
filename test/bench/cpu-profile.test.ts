import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CpuProfile, sumByPart } from './cpu-profile.ts'

function node(id: number, url: string, children: readonly number[] = [], functionName = 'run') {
  return { id, callFrame: { functionName, url }, children }
}

const PROFILE: CpuProfile = {
  startTime: 1_000,
  nodes: [
    node(1, '', [2, 6, 7], '(root)'),
    node(2, 'file:///x/dist/writer/ingest/ingest.js', [3, 4, 5]),
    node(3, 'file:///x/dist/writer/netflow/decode.js'),
    node(4, 'file:///x/dist/shared/pipe-line.js'),
    node(5, 'file:///x/node_modules/pg/lib/client.js'),
    node(6, 'node:net'),
    node(7, '', [], '(idle)'),
    node(8, '', [], '(garbage collector)'),
  ],
  samples: [2, 3, 4, 5, 6, 7, 3],
  timeDeltas: [1, 2, 4, 8, 16, 32, 64],
}

describe('a CPU profile', () => {
  it('is added up by the part that is innermost on the stack, without idle time', () => {
    const sums = sumByPart(PROFILE, { fromMicros: 0, toMicros: 9_999 })
    assert.deepEqual(Object.fromEntries(sums), {
      'writer/ingest': 1 + 4,
      'writer/netflow': 2 + 64,
      pg: 8,
      'Node.js': 16,
    })
  })

  it('is added up within a range of time', () => {
    const sums = sumByPart(PROFILE, { fromMicros: 1_002, toMicros: 1_015 })
    assert.deepEqual(Object.fromEntries(sums), {
      'writer/netflow': 2,
      'writer/ingest': 4,
      pg: 8,
    })
  })
})
