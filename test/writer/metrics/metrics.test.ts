import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { Ages, LabelCounter } from '../../../writer/metrics/counters.ts'
import { createWriterMetrics } from '../../../writer/metrics/metrics.ts'
import {
  addLabelCounter,
  createWriterRegistry,
  type WriterFigures,
} from '../../../writer/metrics/registry.ts'

describe('a counter by a label', () => {
  it('reports its counts by label, every time somebody asks', async () => {
    const registry = new Registry()
    const lines = new LabelCounter({ name: 'lines_total', help: 'Lines.', label: 'kind' })
    addLabelCounter(lines, registry)
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

describe("the writer's metrics", () => {
  it('are what was counted, every time somebody asks', async () => {
    const metrics = createWriterMetrics()
    const zeros = new Proxy({}, { get: () => () => 0 }) as WriterFigures
    const registry = createWriterRegistry(metrics, zeros)
    metrics.rowsCommitted.inc(7)
    metrics.strays.inc()
    metrics.batchAge.observe(0.07)
    metrics.flows.count(9, 3)
    for (let time = 0; time < 2; time++) {
      const lines = (await registry.metrics()).split('\n')
      for (const line of [
        'netflow_writer_rows_committed_total 7',
        'netflow_writer_rows_parked_total 0',
        'netflow_writer_stray_datagrams_total 1',
        'netflow_writer_batch_seconds_bucket{le="0.05"} 0',
        'netflow_writer_batch_seconds_bucket{le="0.1"} 1',
        'netflow_writer_batch_seconds_count 1',
        'netflow_writer_flow_records_total{version="9"} 3',
        'netflow_writer_database_up 0',
      ]) {
        assert.ok(lines.includes(line), line)
      }
    }
  })

  it('need no histogram', () => {
    const ages = new Ages({ name: 'ages', help: 'Ages.' })
    const kept: number[] = []
    ages.observe(1)
    ages.sendTo((seconds) => kept.push(seconds))
    ages.observe(2)
    assert.deepEqual(kept, [2])
  })
})
