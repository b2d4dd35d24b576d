import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Instrument } from './instruments/instrument.ts'
import { readOptions } from './options.ts'

function instrument(id: string, isQuick: boolean): Instrument {
  const measure = () => Promise.reject(new Error('this test measures nothing'))
  return { id, title: id, rowTitle: 'case', isQuick, measure }
}

const INSTRUMENTS = [instrument('writer', true), instrument('growth', false)]

function read(...args: string[]) {
  return readOptions(args, INSTRUMENTS)
}

describe('the command line of the benchmark', () => {
  it('selects the quick instruments by default', () => {
    assert.deepEqual(read(), {
      size: 'short',
      instruments: ['writer'],
      write: false,
      passes: 3,
    })
  })

  it('selects all instruments with --full', () => {
    const instruments = ['writer', 'growth']
    const options = read('--full', '--write')
    assert.deepEqual(options, { ...read(), size: 'full', instruments, write: true })
  })

  it('writes only full runs into RESULTS.md, of all instruments or of some', () => {
    assert.throws(() => read('--write'), /--full/)
    assert.equal(read('--full', '--only', 'growth', '--write').write, true)
    assert.throws(() => read('--full', '--compare', 'base', '--write'), /without .*--compare/)
  })

  it('selects single instruments with --only', () => {
    assert.deepEqual(read('--only', 'growth'), { ...read(), instruments: ['growth'] })
    assert.throws(() => read('--only', 'speed'), /--only takes writer, growth, not speed/)
  })

  it('compares with another checkout', () => {
    const options = read('--compare', 'base', '--passes', '2')
    assert.deepEqual(options, { ...read(), compare: 'base', passes: 2 })
    assert.throws(() => read('--compare', 'base', '--passes', '0'), /from 1/)
    assert.throws(() => read('--compare'), /--compare/)
  })

  it('answers unknown arguments with the known ones', () => {
    assert.throws(() => read('--fast'), /--fast[\s\S]+npm run bench/)
    assert.throws(() => read('fast'), /fast[\s\S]+npm run bench/)
  })
})
