/** The Prometheus metric that says what the table of flows is. */

import { Gauge, type Registry } from 'prom-client'

/** @param kindOf returns undefined while the kind is not known */
export function addStoreMetrics(registry: Registry, kindOf: () => string | undefined): void {
  new Gauge({
    name: 'netflow_flow_store_info',
    help: 'Always 1; the label says what the table of flows is: partitioned, citus or hypertable.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      this.reset()
      const kind = kindOf()
      if (kind !== undefined) this.set({ kind }, 1)
    },
  })
}
