/** The Prometheus metrics of partitions that are compressed (COLUMNAR_AFTER_DAYS). */

import { Gauge, type Registry } from 'prom-client'
import type { HistoryStatus } from '../load/upkeep/history.ts'

const METRICS: Readonly<Record<keyof HistoryStatus, readonly [name: string, help: string]>> = {
  waiting: ['history_waiting', 'Partitions that are old enough, and not compressed yet.'],
  partitions: ['history_partitions', 'Partitions that were compressed since the start.'],
  bytesBefore: ['history_bytes_before', 'Bytes of these partitions before, with their indexes.'],
  bytesAfter: ['history_bytes_after', 'Bytes of these partitions afterwards.'],
  seconds: ['history_seconds', 'Time that compressing took since the start.'],
}

/** @param status returns undefined before the background work has begun */
export function addHistoryMetrics(
  registry: Registry,
  status: () => HistoryStatus | undefined,
): void {
  for (const key of Object.keys(METRICS) as (keyof HistoryStatus)[]) {
    const [name, help] = METRICS[key]
    new Gauge({
      name: `netflow_writer_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(status()?.[key] ?? 0)
      },
    })
  }
}
