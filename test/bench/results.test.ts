import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readBlockTables, replaceBlock, replaceTables } from './results.ts'

const RESULTS_MD = new URL('../../../test/bench/RESULTS.md', import.meta.url)

describe('the measured block of RESULTS.md', () => {
  it('is replaced without changing the text around it', () => {
    const text = readFileSync(RESULTS_MD, 'utf8')
    const once = replaceBlock(text, ['| new |'])
    assert.match(once, /^# Measured performance[\s\S]+-->\n\n\| new \|\n\n<!--[\s\S]+## Limits/)
    assert.equal(replaceBlock(once, ['| new |']), once)
  })

  it('keeps the tables that were not measured again', () => {
    const tables = readBlockTables(readFileSync(RESULTS_MD, 'utf8'))
    assert.ok(tables.length > 5)
    const title = tables[1]?.[0] ?? ''
    const replaced = replaceTables(tables, [
      [title, '', '| new |'],
      ['**Another**', ''],
    ])
    assert.deepEqual(replaced.toSpliced(1, 1), [...tables.toSpliced(1, 1), ['**Another**', '']])
    assert.deepEqual(replaced[1], [title, '', '| new |'])
  })

  it('is not replaced when its marks are missing', () => {
    assert.throws(() => replaceBlock('# Nothing', []), /lacks the marks/)
  })
})
