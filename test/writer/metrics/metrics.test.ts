import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { LabelCounter } from '../../../writer/metrics/metrics.ts'

describe('a counter by a label', () => {
  it('reports its counts by label, every time somebody asks', async () => {
    const registry = new Registry()
    const lines = new LabelCounter({ name: 'lines_total', help: 'Lines.', label: 'kind', registry })
    assert.equal(
      await registry.metrics(),
      '# HELP lines_total Lines.\n# TYPE lines_total counter\n',
    )
    lines.count('datagram')
    lines.count('datagram', 2)
    lines.count('report')
    for (let time = 0; time < 2; time++) {
      const text = await registry.metrics()
      assert.match(text, /^lines_total\{kind="datagram"\} 3$/m)
      assert.match(text, /^lines_total\{kind="report"\} 1$/m)
    }
  })
})
