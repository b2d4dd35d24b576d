/** The tables of CONFORMANCE.md name tests that exist. */

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { REPOSITORY, readDocument, tablesOf } from './helpers/markdown.ts'

/** The rows of all tables, cells trimmed, without headings. */
function conformanceRows(): string[][] {
  return tablesOf(readDocument('writer/netflow/CONFORMANCE.md')).flat()
}

/** Titles of the suites and tests of a file; `…` replaces the values in a template string. */
function titlesOf(path: string): Set<string> {
  const source = readFileSync(path, 'utf8')
  const titles = source.matchAll(/\b(?:it|describe)\(\s*(['`])(.+?)\1\s*,/g)
  return new Set([...titles].map(([, , title]) => String(title).replace(/\$\{[^}]*\}/g, '…')))
}

/**
 *     shown by  = reference ('<br>' reference)… | '–'
 *     reference = '`' file under test/ without .test.ts '`: ' [suite ' › '] test
 */
function checkReference(reference: string): void {
  const match = /^`([\w/-]+)`: (?:(.+) › )?(.+)$/.exec(reference)
  assert.ok(match, `no reference to a test: ${reference}`)
  const [, file, suite, title] = match
  const path = `${REPOSITORY}test/${file}.test.ts`
  assert.ok(existsSync(path), `${path} does not exist`)
  const titles = titlesOf(path)
  for (const name of [suite, title]) {
    assert.ok(name === undefined || titles.has(name), `${file}.test.ts has no “${name}”`)
  }
}

describe('the conformance tables', () => {
  it('name tests that exist', () => {
    const rows = conformanceRows()
    assert.ok(rows.length > 40, `${rows.length} rows were read`)
    for (const [section, , , shownBy] of rows) {
      assert.ok(shownBy, `section ${section} names no test`)
      if (shownBy !== '–') for (const reference of shownBy.split('<br>')) checkReference(reference)
    }
  })

  it('say why where nothing shows a requirement', () => {
    for (const [section, , here, shownBy] of conformanceRows()) {
      if (shownBy === '–') assert.match(String(here), /^\*\*no\*\*: ./, `section ${section}`)
    }
  })
})
