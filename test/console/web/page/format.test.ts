/** Texts of numbers and times on the page. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  formatCounter,
  formatDigits,
  formatPercent,
  formatRange,
  formatRate,
  formatScaled,
  formatSeconds,
  formatShare,
  formatTime,
  visible,
} from '../../../../console/web/page/format.ts'

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
}

describe('a scaled number', () => {
  for (const [value, text] of [
    [0, '0 B'],
    [1, '1 B'],
    [0.5, '0.50 B'],
    [999, '999 B'],
    [999.4, '999 B'],
    [999.5, '1.00 kB'],
    [1_000, '1.00 kB'],
    [4_254_000, '4.25 MB'],
    [12_345_678, '12.3 MB'],
    [574_700_000_000, '575 GB'],
    [2 ** 64, '18.4 EB'],
    [-1_500, '-1.50 kB'],
    [Number.NaN, '–'],
    [Infinity, '–'],
  ] as const) {
    it(`of ${value} is ${text}`, () => assert.equal(formatScaled(value, 'B'), text))
  }

  it('has three digits, and is within half of the last one', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-2, max: 9e17, noNaN: true }), (value) => {
        const [, digits = '', prefix = ''] =
          /^([\d.]+) ([kMGTP]?)B$/.exec(formatScaled(value, 'B')) ?? []
        assert.ok(digits.replace('.', '').length <= 3, digits)
        const read = Number(digits) * (FACTORS[prefix] ?? Number.NaN)
        const last = 10 ** -(digits.split('.')[1]?.length ?? 0) * (FACTORS[prefix] ?? 0)
        assert.ok(
          Math.abs(read - value) <= last * 0.501,
          `${value} is shown as ${digits} ${prefix}`,
        )
      }),
    )
  })
})

describe('a counter', () => {
  it('has all its digits beyond 2^53, in groups of three', () => {
    assert.equal(formatDigits('18446744073709551615'), '18,446,744,073,709,551,615')
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 90n }), (own) => {
        const shown = formatDigits(String(own))
        assert.equal(shown.replaceAll(',', ''), String(own))
        assert.match(shown, /^\d{1,3}(,\d{3})*$/)
      }),
    )
  })

  it('keeps its fraction, and is a dash when it was not sent', () => {
    assert.equal(formatDigits('1234.5678'), '1,234.5678')
    assert.equal(formatDigits(null), '–')
    assert.equal(formatCounter(null, 'bytes'), '–')
    assert.equal(formatCounter('3120', 'packets'), '3.12 k')
  })
})

describe('a rate', () => {
  it('has the unit that it is shown in', () => {
    assert.equal(formatRate(8_000, 'bytes'), '8.00 kbit/s')
    assert.equal(formatRate(8_000, 'packets'), '8.00 kp/s')
    assert.equal(formatRate(3, 'flows'), '3 f/s')
    assert.equal(formatRate(null, 'flows'), '–')
  })
})

describe('a share', () => {
  for (const [share, text] of [
    [0, '0.0 %'],
    [0.0004, '< 0.1 %'],
    [0.123, '12.3 %'],
    [1, '100.0 %'],
    [null, '–'],
  ] as const) {
    it(`of ${share} is ${text}`, () => assert.equal(formatShare(share), text))
  }
})

describe('a loss or a coverage', () => {
  it('is 0 or 100 only when it is exactly so', () => {
    assert.equal(formatPercent(100), '100 %')
    assert.equal(formatPercent(99.9999), '99.99 %')
    assert.equal(formatPercent(1.9608), '1.96 %')
    assert.equal(formatPercent(0.0004), '0.01 %')
    assert.equal(formatPercent(0), '0 %')
    assert.equal(formatPercent(null), 'unknown')
    const between = fc.double({
      min: 0,
      minExcluded: true,
      max: 100,
      maxExcluded: true,
      noNaN: true,
    })
    fc.assert(
      fc.property(between, (percent) => {
        assert.ok(!['0.00 %', '100.00 %', '0 %', '100 %'].includes(formatPercent(percent)))
      }),
    )
  })
})

describe('a duration', () => {
  for (const [seconds, text] of [
    [0, '0 s'],
    [0.128, '0.13 s'],
    [12.14, '12.1 s'],
    [250, '4 min 10 s'],
    [3_600, '1 h'],
    [11_100, '3 h 5 min'],
    [187_200, '2 d 4 h'],
    [null, '–'],
  ] as const) {
    it(`of ${seconds} is ${text}`, () => assert.equal(formatSeconds(seconds), text))
  }

  it('never has 60 seconds or 60 minutes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => {
        assert.doesNotMatch(formatSeconds(seconds), /\b60 (s|min)\b|\b24 h\b/)
      }),
    )
  })
})

describe('a time', () => {
  it('is shown without its T and its fraction', () => {
    assert.equal(formatTime('2026-11-28T12:59:58.123Z'), '2026-11-28 12:59:58')
    assert.equal(formatTime(null), '–')
  })

  it('has its date once in a range within a day', () => {
    const noon = '2026-11-28T12:00:00Z'
    assert.equal(formatRange(noon, '2026-11-28T13:00:00Z'), '2026-11-28 12:00:00 – 13:00:00')
    assert.equal(
      formatRange(noon, '2026-11-29T13:00:00Z'),
      '2026-11-28 12:00:00 – 2026-11-29 13:00:00',
    )
  })
})

describe('a name from the network', () => {
  it('keeps no character that is invisible or turns the text around', () => {
    assert.equal(visible('a\u202Eb\u0000c\u200Fd\n\u2028e'), 'a\uFFFDb\uFFFDc\uFFFDd\uFFFD\uFFFDe')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        assert.doesNotMatch(visible(name), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
    )
  })

  it('keeps its letters, whatever their language', () => {
    assert.equal(visible('Gi0/1 <b>Ω 東京 שלום</b>'), 'Gi0/1 <b>Ω 東京 שלום</b>')
  })
})
