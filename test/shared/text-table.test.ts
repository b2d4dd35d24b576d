import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  displayWidth,
  drawBar,
  formatBytes,
  formatCount,
  formatShare,
  layOutTable,
} from '../../shared/text-table.ts'

describe('text tables', () => {
  it('align each column by its widest cell', () => {
    const columns = [
      { title: 'who', align: 'left' },
      { title: 'flows', align: 'right' },
    ] as const
    const rows = [
      ['192.0.2.1', '7'],
      ['::1', '1,000,000'],
    ]
    assert.deepEqual(layOutTable(columns, rows), [
      'who            flows',
      '192.0.2.1          7',
      '::1        1,000,000',
    ])
  })

  it('know how wide characters are', () => {
    for (const [text, width] of [
      ['core-1', 6],
      ['Zürich → Genève', 15],
      ['Zu\u0308rich', 6],
      ['東京', 4],
      ['🙂', 2],
      ['', 0],
    ] as const) {
      assert.equal(displayWidth(text), width, text)
    }
    const columns = [
      { title: 'name', align: 'left' },
      { title: 'n', align: 'right' },
    ] as const
    assert.deepEqual(
      layOutTable(columns, [
        ['東京', '1'],
        ['core-1', '2'],
      ]).slice(1),
      ['東京    1', 'core-1  2'],
    )
  })

  it('have a title line without any rows', () => {
    assert.deepEqual(layOutTable([{ title: 'who', align: 'left' }], []), ['who'])
  })
})

describe('bars', () => {
  it('are exact to an eighth of a letter', () => {
    assert.equal(drawBar(1, 3), '███')
    assert.equal(drawBar(0.5, 3), '█▌')
    assert.equal(drawBar(1 / 8, 1), '▏')
    assert.equal(drawBar(0, 3), '')
  })

  it('are visible for any share, and never longer than their width', () => {
    assert.equal(drawBar(1e-9, 3), '▏')
    assert.equal(drawBar(7, 3), '███')
  })
})

describe('figures', () => {
  it('have three digits and a unit', () => {
    const shown = [0, 999, 1000, 12_345, 99_960, 999_499, 999_500, 5e15].map(formatBytes)
    const wanted = ['0 B', '999 B', '1.00 kB', '12.3 kB', '100 kB', '999 kB', '1.00 MB', '5.00 PB']
    assert.deepEqual(shown, wanted)
  })

  it('are counts with separated thousands, and shares in per cent', () => {
    assert.equal(formatCount(1_234_567), '1,234,567')
    assert.equal(formatShare(0.1234), '12.3 %')
  })
})
