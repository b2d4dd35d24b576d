/** The page's state as the query string of its URL. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  DEFAULT_STATE,
  LISTS,
  readState,
  UNITS,
  type ViewState,
  writeState,
} from '../../../../console/web/page/view-state.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const filled = text.filter((own) => own !== '')

const parts = {
  since: filled,
  until: text,
  filter: text,
  unit: fc.constantFrom(...UNITS),
  by: filled,
  n: fc.integer({ min: 1, max: 50 }),
  raw: fc.boolean(),
  spread: fc.boolean(),
  previous: fc.boolean(),
  refresh: fc.constantFrom(0, 10, 30, 60, 300),
  top: filled,
  list: fc.constantFrom(...LISTS),
  only: text,
  exporter: text,
  address: text,
  port: text,
  at: text,
}
const states: fc.Arbitrary<ViewState> = fc.record(parts, { noNullPrototype: true })

describe('the state in the URL', () => {
  it('is read as it was written', () => {
    fc.assert(fc.property(states, (state) => assert.deepEqual(readState(writeState(state)), state)))
  })

  it('is written in one way, however it was typed', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (search) => {
        const written = writeState(readState(`?${search}`))
        assert.equal(writeState(readState(written)), written)
      }),
    )
  })

  it('is empty for the default view', () => {
    assert.equal(writeState(DEFAULT_STATE), '')
    assert.deepEqual(readState(''), DEFAULT_STATE)
  })

  it('has only what differs from the default view', () => {
    assert.equal(
      writeState({ ...DEFAULT_STATE, filter: 'proto udp and port 53', previous: true }),
      '?filter=proto+udp+and+port+53&previous=1',
    )
  })

  for (const search of [
    'unit=parsecs',
    'n=0',
    'n=51',
    'n=1.5',
    'n=many',
    'refresh=1',
    'list=secrets',
    'raw=yes',
    'since=',
    'by=',
    'unknown=1',
  ]) {
    it(`is the default view when it says ${search}`, () => {
      assert.deepEqual(readState(`?${search}`), DEFAULT_STATE)
    })
  }
})
