import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { emptyBatchChanges } from '../../../writer/load/tables/batch-changes.ts'
import { ExporterMetrics } from '../../../writer/metrics/exporter-metrics.ts'
import { addExporterMetrics } from '../../../writer/metrics/exporter-registry.ts'

/** The counts of a batch in which one exporter sent datagrams of three flows each. */
function batchOf(exporter: string | null, datagrams: number) {
  const changes = emptyBatchChanges()
  changes.counts.set(exporter, {
    exporter,
    received: datagrams,
    decoded: datagrams,
    held: 0,
    expired: 0,
    duplicates: 0,
    records: datagrams * 3,
    notStored: 0,
  })
  return changes
}

describe('the counters of exporters', () => {
  it('add up what batches count', async () => {
    const registry = new Registry()
    const metrics = new ExporterMetrics()
    addExporterMetrics(metrics, registry)
    const changes = batchOf('192.0.2.1', 5)
    changes.rejections.set('a', {
      exporter: '192.0.2.1',
      outcome: 'rejected',
      reason: 'too-short',
      datagrams: 2,
    })
    const key = { exporter: '192.0.2.1', exportVersion: 5, observationDomain: 0 }
    changes.losses.push({ ...key, unit: 'flows', lost: 60 })
    metrics.addBatch(changes)
    metrics.addBatch(batchOf('192.0.2.1', 1))
    metrics.addBatch(batchOf(null, 4))
    const text = await registry.metrics()
    for (const line of [
      'netflow_writer_exporter_datagrams_total{exporter="192.0.2.1"} 6',
      'netflow_writer_exporter_datagrams_total{exporter="not registered"} 4',
      'netflow_writer_exporter_flow_records_total{exporter="192.0.2.1"} 18',
      'netflow_writer_exporter_rejected_datagrams_total{exporter="192.0.2.1"} 2',
      'netflow_writer_exporter_lost_total{exporter="192.0.2.1",unit="flows"} 60',
    ]) {
      assert.ok(text.split('\n').includes(line), line)
    }
  })

  it('do not fall when a loss is taken back', async () => {
    const registry = new Registry()
    const metrics = new ExporterMetrics()
    addExporterMetrics(metrics, registry)
    for (const lost of [60, -60]) {
      const changes = emptyBatchChanges()
      const key = { exporter: '192.0.2.1', exportVersion: 5, observationDomain: 0 }
      changes.losses.push({ ...key, unit: 'flows', lost })
      metrics.addBatch(changes)
    }
    assert.match(await registry.metrics(), /exporter_lost_total\{.*\} 60$/m)
  })

  it('share one label beyond the first thousand exporters', async () => {
    const registry = new Registry()
    const metrics = new ExporterMetrics()
    addExporterMetrics(metrics, registry)
    for (let number = 0; number < 1_100; number++) {
      metrics.addBatch(batchOf(`10.0.${number >> 8}.${number & 255}`, 1))
    }
    const lines = (await registry.metrics()).split('\n')
    const series = lines.filter((line) =>
      line.startsWith('netflow_writer_exporter_datagrams_total'),
    )
    assert.equal(series.length, 1_001)
    assert.ok(series.includes('netflow_writer_exporter_datagrams_total{exporter="others"} 100'))
  })
})
