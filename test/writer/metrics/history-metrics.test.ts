import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Registry } from 'prom-client'
import type { HistoryStatus } from '../../../writer/load/upkeep/history.ts'
import { addHistoryMetrics } from '../../../writer/metrics/history-metrics.ts'

it('the metrics of compressing are 0 until something is known, and then what has been done', async () => {
  const registry = new Registry()
  let status: HistoryStatus | undefined
  addHistoryMetrics(registry, () => status)
  assert.match(await registry.metrics(), /^netflow_writer_history_waiting 0$/m)
  status = { waiting: 4, partitions: 3, bytesBefore: 5000, bytesAfter: 1000, seconds: 2.5 }
  const text = await registry.metrics()
  for (const line of [
    'netflow_writer_history_waiting 4',
    'netflow_writer_history_partitions 3',
    'netflow_writer_history_bytes_before 5000',
    'netflow_writer_history_bytes_after 1000',
    'netflow_writer_history_seconds 2.5',
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})
