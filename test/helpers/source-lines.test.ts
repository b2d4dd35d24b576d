import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import './source-lines.ts'

describe('a stack trace', () => {
  it('names the line of the source, and the error as Node.js names it', () => {
    const { stack = '' } = new RangeError('too far')
    const [title, first] = stack.split('\n')
    assert.equal(title, 'RangeError: too far')
    assert.match(first ?? '', /\/test\/helpers\/source-lines\.test\.ts:7:\d+\)?$/)
  })

  it('keeps places that no source map knows', () => {
    const { stack = '' } = new Error('of a module without a map')
    assert.match(stack, /node:internal|node:test/)
    assert.match(
      String(new assert.AssertionError({ message: 'no' }).stack),
      /^AssertionError \[ERR_ASSERTION\]: no/,
    )
  })
})
