import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { replaceBlock } from './results.ts'

const RESULTS_MD = new URL('../../../test/bench/RESULTS.md', import.meta.url)

describe('the measured block of RESULTS.md', () => {
  it('is replaced without changing the text around it', () => {
    const text = readFileSync(RESULTS_MD, 'utf8')
    const once = replaceBlock(text, ['| new |'])
    assert.match(once, /^# Measured performance[\s\S]+-->\n\n\| new \|\n\n<!--[\s\S]+## Limits/)
    assert.equal(replaceBlock(once, ['| new |']), once)
  })

  it('is not replaced when its marks are missing', () => {
    assert.throws(() => replaceBlock('# Nothing', []), /lacks the marks/)
  })
})
