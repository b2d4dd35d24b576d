/** The README and OPERATING.md list the settings that the processes read. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COLLECTOR_SETTINGS } from '../collector/config.ts'
import { EMBEDDED_SETTINGS } from '../launcher/settings.ts'
import { WRITER_SETTINGS } from '../writer/config.ts'
import { readDocument, sectionOf, tableOf } from './helpers/markdown.ts'

/** The default of a setting as the environment would have it. */
function defaultOf(schema: { parse: (value: undefined) => unknown }): string {
  const value = schema.parse(undefined)
  return Array.isArray(value) ? value.join(',') : String(value)
}

describe('README and OPERATING.md', () => {
  it('list exactly the settings that the processes read, each once, with their defaults', () => {
    const settings = { ...COLLECTOR_SETTINGS, ...WRITER_SETTINGS, ...EMBEDDED_SETTINGS }
    const rows = [
      ...tableOf(sectionOf(readDocument('README.md'), 'Settings')),
      ...tableOf(sectionOf(readDocument('writer/OPERATING.md'), 'Further settings')),
    ]
    assert.deepEqual(rows.map(([name]) => name).sort(), Object.keys(settings).sort())
    const documented = new Map(rows.map(([name, value]) => [name, value]))
    for (const [name, schema] of Object.entries(settings)) {
      if (name === 'DATABASE_URL') continue
      const expected =
        name === 'METRICS_PORT'
          ? `${defaultOf(COLLECTOR_SETTINGS.METRICS_PORT)}, ${defaultOf(schema)}`
          : defaultOf(schema)
      assert.equal(documented.get(name), expected, name)
    }
  })
})
