/** The metrics of both processes, without the processes: every figure is 0. */

import { createCollectorRegistry } from '../../collector/metrics.ts'
import { createWriterMetrics } from '../../writer/metrics/metrics.ts'
import { createWriterRegistry, type WriterFigures } from '../../writer/metrics/registry.ts'

type ReadStatus = Parameters<typeof createCollectorRegistry>[0]

/** Anything asked of it is a function that returns 0. */
const ZEROS = new Proxy({}, { get: () => () => 0 })

/** Anything else asked of the collector's status is 0. */
const STATUS = new Proxy<Record<string | symbol, unknown>>(
  { sockets: [], kernelDropped: 0 },
  { get: (known, name) => known[name] ?? 0 },
) as unknown as ReturnType<ReadStatus>

/** Creates the registries of the writer and of the collector. */
export function createRegistries() {
  const writer = createWriterRegistry(createWriterMetrics(), ZEROS as WriterFigures)
  return [writer, createCollectorRegistry(() => STATUS)] as const
}
