import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expandQuery } from './expand-query.ts'

const CONTEXT = {
  from: new Date('2026-11-28T12:00:00.250Z'),
  to: new Date('2026-11-28T13:00:00Z'),
  interval: '5m',
  variables: { by: "it's", exporter: ['192.0.2.1', '192.0.2.2'], n: '10' },
}

/** Returns a variable as panels have it; as a literal, it would look like a forgotten template. */
function braced(variable: string): string {
  return `$\{${variable}}`
}

describe('a query of a panel', () => {
  for (const [query, expected] of [
    ['$__timeFrom() $__timeTo()', "'2026-11-28T12:00:00Z' '2026-11-28T13:00:00Z'"],
    [
      '$__timeFilter(received_at)',
      "received_at BETWEEN '2026-11-28T12:00:00Z' AND '2026-11-28T13:00:00Z'",
    ],
    ["'$__interval' $__interval_ms", "'5m' 300000"],
    ["$__timeGroup(at,'5m')", 'floor(extract(epoch from at)/300)*300'],
    ["$__timeGroupAlias(at,'1h')", 'floor(extract(epoch from at)/3600)*3600 AS "time"'],
    ['$__unixEpochFilter(at)', 'at >= 1795867200 AND at <= 1795870800'],
    ['limit $n', 'limit 10'],
    [`${braced('by:sqlstring')} ${braced('by:raw')}`, "'it''s' it's"],
    [
      `[${braced('exporter:sqlstring')}] ${braced('exporter:csv')}`,
      "['192.0.2.1','192.0.2.2'] 192.0.2.1,192.0.2.2",
    ],
  ] as const) {
    it(`has ${query} expanded`, () => {
      assert.equal(expandQuery(query, CONTEXT), expected)
    })
  }

  for (const [query, reason] of [
    ['$__timeRange()', /unknown macro/],
    ['$__timeFrom', /unknown macro/],
    ['$nobody', /unknown variable/],
    [braced('by:regex'), /unknown format/],
    ['$exporter', /takes a format/],
  ] as const) {
    it(`fails with ${query}`, () => {
      assert.throws(() => expandQuery(query, CONTEXT), reason)
    })
  }

  it('breaks at a parenthesis in an argument, as in Grafana', () => {
    assert.throws(
      () => expandQuery("$__timeGroup(date_trunc('hour', at),'1h')", CONTEXT),
      /no duration/,
    )
  })
})
