/** The document of the web server lists its settings, questions and metrics. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { QUESTIONS } from '../../../console/web/api/questions.ts'
import { WEB_SETTINGS } from '../../../console/web/config.ts'
import { REPOSITORY, readDocument, sectionOf, tableOf } from '../../helpers/markdown.ts'

const DOCUMENT = readDocument('console/web/README.md')

describe('the document of the web server', () => {
  it('lists exactly its settings, with their defaults', () => {
    const rows = tableOf(sectionOf(DOCUMENT, 'Settings'))
    const documented = new Map(rows.map(([name, value]) => [name, value]))
    assert.deepEqual([...documented.keys()].sort(), Object.keys(WEB_SETTINGS).sort())
    for (const [name, schema] of Object.entries(WEB_SETTINGS)) {
      if (name === 'DATABASE_URL') continue
      assert.equal(documented.get(name), String(schema.parse(undefined)), name)
    }
  })

  it('lists every question', () => {
    const rows = tableOf(sectionOf(DOCUMENT, 'Ask'))
    const listed = rows
      .flatMap(([name = '']) => name.split(', '))
      .map((name) => name.replaceAll('`', '').replace('ADDRESS', ':address'))
      .filter((name) => name.startsWith('/'))
    assert.deepEqual(listed.sort(), QUESTIONS.map(({ path }) => path).sort())
  })

  it('lists every metric', () => {
    const text = readFileSync(join(REPOSITORY, 'console/web/metrics.ts'), 'utf8')
    const names = [...text.matchAll(/'(netflow_web_\w+)'/g)].map(([, name]) => name)
    const listed = [...sectionOf(DOCUMENT, 'Metrics').matchAll(/`(netflow_web_\w+)`/g)]
    assert.deepEqual(listed.map(([, name]) => name).sort(), names.sort())
  })
})
