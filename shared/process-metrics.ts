/** The metrics that both processes have: the version that runs, and the figures of the process. */

import { performance } from 'node:perf_hooks'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import { readVersion } from './command-line.ts'

/** Gauges that are named like counters; the same names without `_total` have the figures by type. */
const MISNAMED = ['handles', 'requests', 'resources'].map((kind) => `nodejs_active_${kind}_total`)

/** Gauges of a sampler that would wake the process every 10 ms. */
const SAMPLED = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (kind) => `nodejs_eventloop_lag_${kind}_seconds`,
)
/** The sampler cannot be left out; this is the longest interval of a timer. */
const NEVER_MS = 2_147_483_647

/** Adds `netflow_build_info` and the default metrics of a Node.js process. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS })
  for (const name of [...MISNAMED, ...SAMPLED]) registry.removeSingleMetric(name)
  addLoopUtilization(registry)
  new Gauge({
    name: 'netflow_build_info',
    help: 'Always 1; the labels say which version runs, and on which Node.js.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: readVersion(), node: process.versions.node }, 1)
}

function addLoopUtilization(registry: Registry): void {
  let last = performance.eventLoopUtilization()
  new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'The share of time since the last scrape that the event loop was busy, 0 to 1.',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
  })
}
