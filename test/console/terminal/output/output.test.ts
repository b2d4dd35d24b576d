import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer, Column } from '../../../../console/terminal/output/answer.ts'
import { csvLine, jsonLine } from '../../../../console/terminal/output/data-formats.ts'
import { createPaint } from '../../../../console/terminal/output/paint.ts'
import { safeJson, safeText } from '../../../../console/terminal/output/safe-text.ts'
import { formatTable } from '../../../../console/terminal/output/table.ts'
import { formatSeconds, formatValue } from '../../../../console/terminal/output/units.ts'
import { displayWidth } from '../../../../shared/text-table.ts'

/** Texts that do something to a terminal, a spreadsheet or a reader. */
const HOSTILE = [
  '\u001b[2J\u001b]0;owned\u0007',
  'a\r\nb\tc\u0000',
  '\u009b31mred',
  'user\u202etxt.exe\u2066',
  'zero\u200bwidth\ufeff\u00ad',
  'line\u2028separator',
  'tag\u{e0041}',
  'half\ud800',
]

const plain = { zone: 'UTC', plain: true }
const text = (name: string): Column => ({ name, title: name, kind: 'text' })

describe('texts from the network', () => {
  for (const hostile of HOSTILE) {
    it(`are harmless: ${JSON.stringify(safeText(hostile))}`, () => {
      const row = { name: hostile, list: JSON.stringify([hostile]) }
      const shown = [
        safeText(hostile),
        formatValue(row, text('name'), plain),
        formatValue(row, { name: 'list', kind: 'json' }, plain),
        formatValue(row, { name: 'name', kind: 'address' }, { ...plain, nameOf: () => hostile }),
        csvLine([text('name')], row),
        jsonLine([text('name'), { name: 'list', kind: 'json' }], row),
        safeJson(JSON.stringify(hostile)),
      ]
      for (const line of shown) {
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u, JSON.stringify(line))
      }
      assert.equal(JSON.parse(safeJson(JSON.stringify(hostile))), hostile)
    })
  }

  it('stay as they are when they are harmless', () => {
    for (const name of ['GigabitEthernet0/1', 'Zürich → Genève', '東京', 'naïve 🙂']) {
      assert.equal(safeText(name), name)
    }
  })

  it('run nothing in a spreadsheet', () => {
    const cell = (name: string) => csvLine([text('name')], { name })
    assert.equal(cell('=HYPERLINK("http://x")'), `"'=HYPERLINK(""http://x"")"`)
    for (const sign of ['+', '-', '@']) assert.equal(cell(`${sign}1`), `'${sign}1`)
    assert.equal(csvLine([{ name: 'n', kind: 'number' }], { n: '-5' }), '-5')
    assert.equal(cell('a, b'), '"a, b"')
  })
})

describe('values', () => {
  const show = (kind: Column['kind'], value: string | null, isPlain = false) =>
    formatValue({ value }, { name: 'value', kind }, { zone: 'Europe/Zurich', plain: isPlain })

  it('have units', () => {
    assert.equal(show('bytes', '4250000'), '4.25 MB')
    assert.equal(show('bytes', '4250000', true), '4250000')
    assert.equal(show('count', '9223372036854775807'), '9,223,372,036,854,775,807')
    assert.equal(show('share', '0.123456'), '12.3 %')
    assert.equal(show('percent', '6.2500'), '6.25')
    assert.equal(show('percent', '6.2500', true), '6.2500')
    assert.equal(show('percent', '100.0000'), '100')
    assert.equal(show('percent', '99.9990'), '99.99')
    assert.equal(show('percent', '0.0001'), '0.01')
    assert.equal(show('time', '2026-11-28 12:00:00.25+00'), '2026-11-28 13:00:00')
    assert.equal(show('flag', 't'), 'yes')
    assert.equal(show('json', '["a", "b"]'), 'a; b')
    assert.equal(show('number', null), '-')
    for (const [seconds, shown] of [
      [0.25, '0.25 s'],
      [12.34, '12.3 s'],
      [187, '3:07 min'],
      [3840, '1:04 h'],
      [183_600, '2 d 3 h'],
    ] as const) {
      assert.equal(formatSeconds(seconds), shown)
    }
  })

  it('keep every digit in CSV and JSON', () => {
    const columns: Column[] = [
      { name: 'bytes', kind: 'bytes' },
      { name: 'at', kind: 'time' },
      { name: 'extra', kind: 'json' },
      { name: 'on', kind: 'flag' },
    ]
    const row = {
      bytes: '4611686018427387904000',
      at: '2026-11-28 12:00:00.123456+00',
      extra: '{"a": 18446744073709551615}',
      on: null,
    }
    assert.equal(
      jsonLine(columns, row),
      '{"bytes":4611686018427387904000,"at":"2026-11-28T12:00:00.123456Z","extra":{"a": 18446744073709551615},"on":null}',
    )
    assert.equal(
      csvLine(columns, row),
      '4611686018427387904000,2026-11-28T12:00:00.123456Z,"{""a"": 18446744073709551615}",',
    )
  })
})

describe('a table', () => {
  const answer: Answer = {
    columns: [
      text('key'),
      { name: 'bytes', title: 'bytes', kind: 'bytes' },
      { name: 'more', title: 'more', kind: 'number', leaves: 1 },
    ],
    rows: [],
    bar: ({ bytes }) => Number(bytes) / 2000,
    nothing: '',
  }
  const rows = [
    { key: 'a rather long name of an interface', bytes: '2000', more: '1' },
    { key: '東京', bytes: '1000', more: '2' },
  ]
  const table = (width: number, colours = false) =>
    formatTable(answer, rows, { zone: 'UTC', plain: false, width, paint: createPaint(colours) })

  it('fits its terminal, by leaving out columns and cutting texts', () => {
    for (const width of [200, 80, 60, 49, 44, 30]) {
      const lines = table(width)
      for (const line of lines) assert.ok(displayWidth(line) <= width, `${width}: ${line}`)
    }
    assert.match(table(200)[0] ?? '', /more/)
    assert.doesNotMatch(table(44)[0] ?? '', /more/)
    assert.match(table(30)[1] ?? '', /…/)
  })

  it('aligns texts of wide characters', () => {
    const [, first = '', second = ''] = table(60)
    const place = (line: string) => displayWidth(line.slice(0, line.indexOf('kB')))
    assert.equal(place(first), place(second))
  })

  it('has colours only where they are asked for', () => {
    assert.ok(!table(80).join('').includes('\u001b'))
    const coloured = table(80, true).join('')
    assert.ok(coloured.includes('\u001b[1m') && coloured.includes('\u001b[36m█'))
  })
})
