/** The formats of replies, and how one is chosen. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { acceptedFormat, csvCell } from '../../../../console/web/api/formats.ts'

describe('a cell of CSV', () => {
  it('that a spreadsheet would run begins with an apostrophe', () => {
    for (const text of ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1']) {
      assert.equal(csvCell(text), `'${text}`)
    }
    assert.equal(csvCell('\r=1'), `"'\r=1"`)
  })

  it('that is a counter stays a number', () => {
    assert.equal(csvCell('-5'), '-5')
    assert.equal(
      csvCell('340282366920938463463374607431768211455'),
      '340282366920938463463374607431768211455',
    )
    assert.equal(csvCell(-0.5), '-0.5')
  })

  it('with special characters of CSV is quoted', () => {
    assert.equal(csvCell('a,b'), '"a,b"')
    assert.equal(csvCell('say "x"'), '"say ""x"""')
    assert.equal(csvCell('a\nb'), '"a\nb"')
    assert.equal(csvCell(['a', 'b']), '"[""a"",""b""]"')
    assert.equal(csvCell(null), '')
  })
})

describe('the format', () => {
  it('is the first that Accept names, else JSON', () => {
    assert.equal(acceptedFormat(''), 'json')
    assert.equal(acceptedFormat('*/*'), 'json')
    assert.equal(acceptedFormat('text/html, text/csv;q=0.9'), 'csv')
    assert.equal(acceptedFormat('application/json, text/csv'), 'json')
    assert.equal(acceptedFormat('Application/X-NDJSON'), 'jsonl')
  })
})
