import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatTime } from '../../../../../console/query/times.ts'
import { SendersError } from '../../../../../console/web/senders/senders-error.ts'
import { readTimeText } from '../../../../../console/web/senders/stats/time-text.ts'

function read(text: string, zone = 'UTC'): [kind: string, since: string, until: string] {
  const { kind, sinceMs, untilMs } = readTimeText(text, zone, 'where')
  const stamp = (ms: number) => new Date(ms).toISOString().slice(0, 16)
  return [kind, stamp(sinceMs), stamp(untilMs)]
}

describe('a time text', () => {
  for (const [text, kind, since, until] of [
    ['2014', 'year', '2014-01-01T00:00', '2015-01-01T00:00'],
    ['2014-12', 'month', '2014-12-01T00:00', '2015-01-01T00:00'],
    ['2016-02-28', 'day', '2016-02-28T00:00', '2016-02-29T00:00'],
    ['2016-02-29', 'day', '2016-02-29T00:00', '2016-03-01T00:00'],
    ['2014-02-02 23', 'hour', '2014-02-02T23:00', '2014-02-03T00:00'],
    ['2014-12-31 23:59', 'minute', '2014-12-31T23:59', '2015-01-01T00:00'],
  ] as const) {
    it(`${text} is a ${kind}`, () => {
      assert.deepEqual(read(text), [kind, since, until])
    })
  }

  for (const text of [
    ...[
      '',
      '14',
      '20140',
      '2014-1',
      '2014-13',
      '2014-00',
      '2014-02-30',
      '2015-02-29',
      '2014-02-02T05',
    ],
    ...[
      '2014-02-02 24',
      '2014-02-02 05:60',
      '2014-02-02 05:00:00',
      ' 2014',
      '2014 ',
      '-014',
      '0000',
    ],
    ...['1969', '2200', '２０１４', '2014-02-02  05'],
  ]) {
    it(`${JSON.stringify(text)} is none`, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof SendersError && error.status === 422 && error.where === 'where',
      )
    })
  }

  it('is of the zone: a winter day, a summer day, and the days between', () => {
    const zone = 'Europe/Zurich'
    assert.deepEqual(read('2014-01-15', zone).slice(1), ['2014-01-14T23:00', '2014-01-15T23:00'])
    assert.deepEqual(read('2014-07-15', zone).slice(1), ['2014-07-14T22:00', '2014-07-15T22:00'])
    assert.deepEqual(read('2014-03-30', zone).slice(1), ['2014-03-29T23:00', '2014-03-30T22:00'])
    assert.deepEqual(read('2014-10-26', zone).slice(1), ['2014-10-25T22:00', '2014-10-26T23:00'])
    assert.deepEqual(read('2014', zone).slice(1), ['2013-12-31T23:00', '2014-12-31T23:00'])
  })

  it('is empty for an hour that clocks skip, and two hours for one that they repeat', () => {
    const zone = 'Europe/Zurich'
    assert.deepEqual(read('2014-03-30 02', zone).slice(1), ['2014-03-30T01:00', '2014-03-30T01:00'])
    assert.deepEqual(read('2014-10-26 01', zone).slice(1), ['2014-10-25T23:00', '2014-10-26T00:00'])
    assert.deepEqual(read('2014-10-26 02', zone).slice(1), ['2014-10-26T00:00', '2014-10-26T02:00'])
    assert.deepEqual(read('2014-10-26 03', zone).slice(1), ['2014-10-26T02:00', '2014-10-26T03:00'])
    assert.throws(() => read('2014-10-26 02:30', zone), /two minutes in Europe\/Zurich/)
    assert.deepEqual(read('2014-10-26 03:30', zone).slice(1), [
      '2014-10-26T02:30',
      '2014-10-26T02:31',
    ])
  })

  it('may begin later than midnight, and a day may be missing', () => {
    assert.deepEqual(read('2014-10-19', 'America/Sao_Paulo').slice(1), [
      '2014-10-19T03:00',
      '2014-10-20T02:00',
    ])
    const [, since, until] = read('2011-12-30', 'Pacific/Apia')
    assert.equal(since, until)
  })

  it('of a zone off the hour is off the hour', () => {
    assert.deepEqual(read('2014-01-15', 'Asia/Kolkata').slice(1), [
      '2014-01-14T18:30',
      '2014-01-15T18:30',
    ])
  })

  it('that was not whole minutes from UTC is refused', () => {
    assert.throws(() => read('1970-06-01', 'Africa/Monrovia'), /whole minutes/)
  })

  it('of neighbouring days follow each other without gaps in every zone', () => {
    const zones = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca']
    const day = fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2035, 0) })
    fc.assert(
      fc.property(day, fc.constantFrom(...zones), (ms, zone) => {
        const texts = [ms, ms + 86_400_000].map((at) => new Date(at).toISOString().slice(0, 10))
        const [one, next] = texts.map((text) => readTimeText(text, zone, ''))
        assert.ok(one && next)
        assert.equal(one.untilMs, next.sinceMs)
        // The first moment of a day is the first that clocks show as this day.
        assert.ok(formatTime(one.sinceMs, zone).startsWith(texts[0] ?? ''))
        assert.ok(!formatTime(one.sinceMs - 1, zone).startsWith(texts[0] ?? ''))
      }),
    )
  })
})
