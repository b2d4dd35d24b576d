import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { replaceBlock } from './readme-section.ts'

describe('the measured block of the README', () => {
  it('is there, and is replaced without touching what stands around it', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    const once = replaceBlock(readme, ['| new |'])
    assert.match(
      once,
      /## Measured performance[\s\S]+-->\n\n\| new \|\n\n<!--[\s\S]+## Development/,
    )
    assert.equal(replaceBlock(once, ['| new |']), once)
  })

  it('is not looked for elsewhere when its marks are gone', () => {
    assert.throws(() => replaceBlock('# Nothing', []), /lost the marks/)
  })
})
