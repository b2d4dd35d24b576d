/** OPERATING.md lists the metrics that the processes have, and quotes texts that their logs have. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createCollectorRegistry } from '../../collector/metrics.ts'
import { createWriterMetrics } from '../../writer/metrics/metrics.ts'
import { createWriterRegistry, type WriterFigures } from '../../writer/metrics/registry.ts'
import { REPOSITORY, readDocument, sectionOf, tableOf } from '../helpers/markdown.ts'

const OPERATING = readDocument('writer/OPERATING.md')

/** Anything asked of it is a function that returns 0. */
const ZEROS = new Proxy({}, { get: () => () => 0 })

/** Returns all sources of the processes as one text, long string literals joined. */
function readSources(): string {
  return ['collector', 'writer', 'launcher', 'shared']
    .flatMap((folder) =>
      readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => readFileSync(join(REPOSITORY, folder, path), 'utf8')),
    )
    .join('\n')
    .replace(/['`] \+\n\s*['`]/g, '')
}

describe('OPERATING.md', () => {
  it('lists exactly the metrics of both processes', () => {
    const registry = createWriterRegistry(createWriterMetrics(), ZEROS as WriterFigures)
    const collector = createCollectorRegistry(
      () => ZEROS as ReturnType<Parameters<typeof createCollectorRegistry>[0]>,
    )
    const names = [...registry.getMetricsAsArray(), ...collector.getMetricsAsArray()]
      .map(({ name }) => name)
      .filter((name) => name.startsWith('netflow_'))
    const documented = tableOf(sectionOf(OPERATING, 'Metrics')).map(([name]) => name)
    // Both processes have the metrics of the build.
    assert.deepEqual(documented.sort(), [...new Set(names)].sort())
  })

  it('quotes texts that the logs have', () => {
    const sources = readSources()
    const symptoms = tableOf(sectionOf(OPERATING, 'Troubleshooting')).map(([symptom]) => symptom)
    const quotes = symptoms.flatMap((symptom) => /^`(.+)`$/.exec(symptom ?? '')?.[1] ?? [])
    assert.ok(quotes.length > 10, `${quotes.length} quotes`)
    for (const quote of quotes) assert.ok(sources.includes(quote), `no log has “${quote}”`)
  })
})
