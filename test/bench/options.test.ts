import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Instrument } from './instruments/instrument.ts'
import { readOptions } from './options.ts'

function instrument(id: string, isQuick: boolean): Instrument {
  return { id, isQuick, measure: () => Promise.reject(new Error('not to be run')) }
}

const INSTRUMENTS = [instrument('writer', true), instrument('growth', false)]

function read(...args: string[]) {
  return readOptions(args, INSTRUMENTS)
}

describe('the command line of the benchmark', () => {
  it('runs what is quick unless it is told otherwise', () => {
    assert.deepEqual(read(), {
      task: 'run',
      size: 'short',
      instruments: ['writer'],
      readme: false,
      resultsFolder: undefined,
    })
  })

  it('runs everything with --full', () => {
    const options = read('--full', '--readme')
    assert.deepEqual(options, {
      ...read(),
      size: 'full',
      instruments: ['writer', 'growth'],
      readme: true,
    })
  })

  it('writes only what a full run measured into the README', () => {
    assert.throws(() => read('--readme'), /--full/)
    assert.throws(() => read('--full', '--only', 'growth', '--readme'), /no --only/)
    assert.throws(() => read('--full', '--peers', '--readme'), /no --peers/)
  })

  it('takes single instruments', () => {
    assert.deepEqual(read('--only', 'growth'), { ...read(), instruments: ['growth'] })
    assert.throws(() => read('--only', 'speed'), /--only knows writer, growth, not speed/)
  })

  it('compares two files', () => {
    assert.deepEqual(read('--compare', 'a', 'b'), { task: 'compare', before: 'a', after: 'b' })
    assert.throws(() => read('--compare', 'a'), /takes two files/)
  })

  it('refuses what it does not know, and says what it knows', () => {
    assert.throws(() => read('--fast'), /--fast[\s\S]+npm run bench/)
    assert.throws(() => read('fast'), /what is fast[\s\S]+npm run bench/)
  })
})
