import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type BenchTable,
  figure,
  formatFigure,
  layOutBenchTable,
  wrap,
  writeMarkdownTable,
} from './bench-table.ts'

const TABLE: BenchTable = {
  id: 'thing',
  title: 'The thing',
  rowTitle: 'variant',
  rows: [
    { name: 'one', figures: { ratio: figure([0.5, 0.75, 1], 2), 'rows/s': figure([12_345], 0) } },
    { name: 'other', figures: { ratio: figure([undefined], 2) } },
  ],
  note: 'A note.',
}

describe('a figure', () => {
  it('is a median, followed by the ends where they look different', () => {
    assert.equal(formatFigure(figure([3, 1, 2], 1)), '2.0 (1.0..3.0)')
    assert.equal(formatFigure(figure([1.01, 1.02], 1)), '1.0')
    assert.equal(formatFigure(figure([1_234_567.8], 0)), '1,234,568')
  })

  it('says when it is only a lower bound', () => {
    assert.equal(formatFigure({ ...figure([5], 0), isLowerBound: true }), '≥ 5')
  })

  it('is a dash where nothing was measured', () => {
    assert.equal(formatFigure(figure([undefined, Number.NaN, 1 / 0], 0)), '–')
    assert.equal(formatFigure(undefined), '–')
  })
})

describe('a table', () => {
  it('is laid out for a terminal, with a column for each figure of any row', () => {
    assert.deepEqual(layOutBenchTable(TABLE), [
      '',
      'The thing',
      '',
      'variant              ratio  rows/s',
      'one      0.75 (0.50..1.00)  12,345',
      'other                    –       –',
      '',
      'A note.',
    ])
  })

  it('is written in Markdown', () => {
    assert.deepEqual(writeMarkdownTable(TABLE), [
      '**The thing**',
      '',
      '| variant | ratio | rows/s |',
      '|---|---:|---:|',
      '| one | 0.75 (0.50..1.00) | 12,345 |',
      '| other | – | – |',
      '',
      'A note.',
    ])
  })
})

describe('a long note', () => {
  it('is broken into lines of 100 characters', () => {
    const word = 'x'.repeat(49)
    assert.deepEqual(wrap(`${word} ${word} ${word}`), [`${word} ${word}`, word])
    assert.deepEqual(wrap('x'.repeat(120)), ['x'.repeat(120)])
  })
})
