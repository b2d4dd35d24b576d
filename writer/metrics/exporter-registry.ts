/** Prometheus counters of single exporters. */

import { Counter, type Registry } from 'prom-client'
import type { ExporterFigures, ExporterMetrics } from './exporter-metrics.ts'

export function addExporterMetrics(metrics: ExporterMetrics, registry: Registry): void {
  const counter = (name: string, help: string, read: (figures: ExporterFigures) => number) =>
    new Counter({
      name: `netflow_writer_exporter_${name}_total`,
      help,
      labelNames: ['exporter'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [exporter, of] of metrics.figures) this.inc({ exporter }, read(of))
      },
    })
  counter('datagrams', 'Datagrams received, by exporter.', ({ datagrams }) => datagrams)
  counter('flow_records', 'Flow records decoded, by exporter.', ({ flows }) => flows)
  counter(
    'rejected_datagrams',
    'Datagrams rejected or refused, by exporter.',
    ({ rejected }) => rejected,
  )
  addLost(metrics, registry)
}

function addLost(metrics: ExporterMetrics, registry: Registry): void {
  new Counter({
    name: 'netflow_writer_exporter_lost_total',
    help: 'Units lost in the network, by exporter and unit.',
    labelNames: ['exporter', 'unit'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [exporter, { lost }] of metrics.figures) {
        for (const [unit, count] of Object.entries(lost)) this.inc({ exporter, unit }, count)
      }
    },
  })
}
