/** The metrics that both processes have: the version that runs, and the figures of the process. */

import { readFileSync } from 'node:fs'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** Relative to the built file in `dist/shared`. */
const PACKAGE = new URL('../../package.json', import.meta.url)

/** Gauges that are named like counters; the same names without `_total` have the figures by type. */
const MISNAMED = ['handles', 'requests', 'resources'].map((kind) => `nodejs_active_${kind}_total`)

/** Adds `netflow_build_info` and the default metrics of a Node.js process. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }
  new Gauge({
    name: 'netflow_build_info',
    help: 'Always 1; the labels say which version runs, and on which Node.js.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1)
}
