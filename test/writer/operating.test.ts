/** OPERATING.md lists the metrics that the processes have, and quotes texts that their logs have. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { REPOSITORY, readDocument, sectionOf, tableOf } from '../helpers/markdown.ts'
import { createRegistries } from '../helpers/metric-registries.ts'

const OPERATING = readDocument('writer/OPERATING.md')

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
    const names = createRegistries()
      .flatMap((registry) => registry.getMetricsAsArray())
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
