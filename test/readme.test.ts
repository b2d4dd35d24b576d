import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { COLLECTOR_SETTINGS } from '../collector/config.ts'
import { WRITER_SETTINGS } from '../writer/config.ts'
import { FLOW_COLUMNS } from '../writer/load/copy/flow-columns.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** Gives the rows of the first table behind a heading, cells trimmed. */
function tableOf(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1]
  assert.ok(section !== undefined, `README has no section ${heading}`)
  const lines = section.split('\n')
  const first = lines.findIndex((line) => line.startsWith('|'))
  const after = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return lines
    .slice(first + 2, after)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
}

/** The default of a setting as the environment would give it. */
function defaultOf(schema: { parse: (value: undefined) => unknown }): string {
  const value = schema.parse(undefined)
  return Array.isArray(value) ? value.join(',') : String(value)
}

describe('README', () => {
  it('lists exactly the settings that the processes read, with their defaults', () => {
    const settings = { ...COLLECTOR_SETTINGS, ...WRITER_SETTINGS }
    const documented = new Map(tableOf('Settings').map(([name, value]) => [name, value]))
    assert.deepEqual([...documented.keys()].sort(), Object.keys(settings).sort())
    for (const [name, schema] of Object.entries(settings)) {
      if (name === 'DATABASE_URL') continue
      const expected =
        name === 'METRICS_PORT'
          ? `${defaultOf(COLLECTOR_SETTINGS.METRICS_PORT)}, ${defaultOf(schema)}`
          : defaultOf(schema)
      assert.equal(documented.get(name), expected, name)
    }
  })

  it('lists exactly the columns of flows, in their order and with their types', () => {
    const documented = tableOf('Columns of flows').map(([name, type]) => `${name} ${type}`)
    assert.deepEqual(
      documented,
      FLOW_COLUMNS.map(({ name, type }) => `${name} ${type}`),
    )
  })
})
