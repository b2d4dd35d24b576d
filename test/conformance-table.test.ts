/** The conformance tables of the README name tests that exist, so that they cannot rot. */

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The rows of all tables of the section, cells trimmed, without headings. */
function conformanceRows(): string[][] {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8')
  const section = readme.split('\n## Conformance\n')[1]?.split('\n## ')[0]
  assert.ok(section !== undefined, 'README has no section Conformance')
  return section
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|(---|\s*section\b)/.test(line))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
}

/** Titles of the suites and tests of a file; what a template puts in stands as `…`. */
function titlesOf(path: string): Set<string> {
  const source = readFileSync(path, 'utf8')
  const titles = source.matchAll(/\b(?:test|it|suite|describe)\(\s*(['`])(.+?)\1\s*,/g)
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
  const path = `${ROOT}test/${file}.test.ts`
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
