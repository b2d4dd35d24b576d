/** `/api/top`: the greatest sums by a key. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { literalSql } from '../../query/literal-sql.ts'
import { topQuery } from '../../query/questions.ts'
import type { Ask, Row } from '../../query/sql.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import * as parameter from './parameters.ts'
import { defineQuestion, type Table } from './question.ts'
import * as value from './values.ts'

const query = z.strictObject({
  ...parameter.range,
  by: parameter.key('src'),
  n: parameter.count(10, 0, 10_000).describe('how many keys; all others are added up as other'),
  filter: parameter.filter,
  scaled: parameter.scaled,
})

const sums = z.object({
  key: value.maybeText.describe('null: not sent'),
  name: z.string(),
  bytes: value.counter,
  packets: value.counter,
  flows: value.counter,
  share: value.maybeNumber.describe('of all bytes, from 0 to 1'),
  at_most: value.counter.describe(
    'upper bound of bytes: the lists of the rollups leave out small sums',
  ),
  exact: z.boolean().describe('whether bytes is the exact sum; else the sum is at most at_most'),
})

const reply = z.object({
  ...value.rangeReply,
  by: z.string(),
  scaled: z.boolean(),
  source: z.string().describe('the coarsest source that was read: day, hour, minute or raw'),
  rows: z.array(sums),
  other: sums.nullable().describe('all other keys'),
  total: z.object({ bytes: value.counter, packets: value.counter, flows: value.counter }),
  ...value.sameQuestion,
})

type TopQuery = z.infer<typeof query>
export type TopReply = z.infer<typeof reply>

export const top = defineQuestion({
  path: '/api/top',
  summary: 'The greatest sums by a key',
  query,
  reply,
  since: '1h',
  table: ({ rows, other }): Table => ({
    columns: ['key', 'name', 'bytes', 'packets', 'flows', 'share', 'at_most', 'exact'],
    rows: (other ? [...rows, other] : rows).map((row) => Object.values(row)),
  }),
  answer,
})

async function answer(asked: TopQuery, ask: Ask): Promise<TopReply> {
  const { since, until, by, n, scaled } = asked
  const filter = parseFilter(asked.filter)
  const sql = await topQuery(ask, { since, until, by, n, scaled, filter })
  const rows = await ask(sql)
  const other = rows.find(({ rank }) => rank === null)
  return {
    since,
    until,
    by,
    scaled,
    source: rows[0]?.['source'] ?? 'raw',
    rows: rows.filter(({ rank }) => rank !== null).map(describe),
    other: other && other['flows'] !== '0' ? describe(other) : null,
    total: { bytes: sum(rows, 'bytes'), packets: sum(rows, 'packets'), flows: sum(rows, 'flows') },
    sql: literalSql(sql),
    command: terminalCommand('top', { since, until, by, limit: n, raw: !scaled }, [asked.filter]),
  }
}

function describe(row: Row): z.infer<typeof sums> {
  return {
    key: value.textOrNull(row, 'key'),
    name: value.text(row, 'name'),
    bytes: value.textOrNull(row, 'bytes'),
    packets: value.textOrNull(row, 'packets'),
    flows: value.textOrNull(row, 'flows'),
    share: value.numberOrNull(row, 'share'),
    at_most: value.textOrNull(row, 'at_most'),
    exact: value.isTrue(row, 'exact'),
  }
}

function sum(rows: readonly Row[], name: string): string | null {
  const known = rows.flatMap((row) => row[name] ?? [])
  if (known.length === 0) return null
  return String(known.reduce((all, one) => all + BigInt(one), 0n))
}
