/** `/api/traffic`: traffic by time and key, with the coverage of the same bins. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { literalSql } from '../../query/literal-sql.ts'
import { trafficQuery } from '../../query/questions.ts'
import type { Ask, Row } from '../../query/sql.ts'
import { chooseStep, endOfBin, type Step } from '../../query/steps.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import { badParameter } from './api-error.ts'
import { askCoverage, coverageBin } from './coverage.ts'
import * as parameter from './parameters.ts'
import { defineQuestion, type Table } from './question.ts'
import * as value from './values.ts'

/** Keys times bins. */
const MAX_VALUES = 500_000

const query = z.strictObject({
  ...parameter.range,
  step: z
    .string()
    .max(16)
    .default('')
    .describe('10s, 5m, 1h, 1d, 1w, 1month, 3months or 1year; default: by points'),
  points: parameter.count(120, 1, 10_000).describe('most bins, when step is not given'),
  by: parameter.key('all'),
  n: parameter.count(10, 0, 1_000).describe('how many keys; all others are added up as other'),
  filter: parameter.filter,
  unit: parameter.word(['bytes', 'packets', 'flows'], 'bytes').describe('what values count'),
  scaled: parameter.scaled,
  spread: parameter
    .flag(false)
    .describe(
      'whether long flows count in each bin they cover, instead of when they were received',
    ),
})

const series = z.object({
  key: value.maybeText.describe('null: not sent'),
  name: z.string(),
  values: z.array(value.counter).describe('one for each bin; null: no flow had the counter'),
  total: value.counter,
  average: z.number().describe('per second, over the whole range'),
  max: z.number().describe('per second, in the greatest bin'),
  p95: z.number().describe('per second: 95 % of the bins do not exceed it'),
})

const reply = z.object({
  ...value.rangeReply,
  step: z.string(),
  unit: z.enum(['bytes', 'packets', 'flows']),
  scaled: z.boolean(),
  source: z
    .array(z.string())
    .describe('what was read: day, hour, minute or raw; "raw, open": long flows may still arrive'),
  columns: z.array(z.string()).describe('the key of the rows'),
  t: z.array(value.time).describe('begins of the bins; the first may begin before since'),
  rows: z.array(series).describe('the greatest keys, by bytes'),
  other: series.nullable().describe('all other keys; null: there are none'),
  coverage: z
    .array(coverageBin)
    .describe('one for each bin, of the exporters that the filter can select'),
  ...value.sameQuestion,
})

type TrafficQuery = z.infer<typeof query>
export type TrafficReply = z.infer<typeof reply>
type Series = z.infer<typeof series>

export const traffic = defineQuestion({
  path: '/api/traffic',
  summary: 'Traffic over time by a key, with the coverage of the same bins',
  query,
  reply,
  since: '1h',
  table,
  answer,
})

async function answer(asked: TrafficQuery, ask: Ask): Promise<TrafficReply> {
  const { since, until, by, n, unit, scaled, spread } = asked
  const step = chooseStepOf(asked)
  const bins = parameter.listBins(asked, step)
  if (bins.length * (n + 1) > MAX_VALUES) {
    throw badParameter(
      'step',
      `more than ${MAX_VALUES} values: choose a longer step or a smaller n`,
    )
  }
  const filter = parseFilter(asked.filter)
  const sql = await trafficQuery(ask, {
    ...{ since, until, by, n, filter, scaled, spread },
    step: step.interval,
  })
  const rows = await ask(sql)
  const [sinceMs, untilMs] = [Date.parse(since), Date.parse(until)]
  const seconds = bins.map((begin) => {
    const end = Math.min(endOfBin(begin, step), untilMs)
    return (end - Math.max(begin, sinceMs)) / 1000
  })
  const t = bins.map((begin) => new Date(begin).toISOString().replace('.000Z', 'Z'))
  const found = collectSeries(rows, { t, unit, seconds })
  const coverage = await askCoverage(ask, { since, until, step: step.interval, t, filter })
  const options = { since, until, by, limit: n, step: step.text, raw: !scaled, spread }
  return {
    since,
    until,
    step: step.text,
    unit,
    scaled,
    source: [...new Set(rows.map((row) => value.text(row, 'source')))],
    columns: [by],
    t,
    rows: found.filter(({ isOther }) => !isOther).map(({ series }) => series),
    other: found.find(({ isOther }) => isOther)?.series ?? null,
    coverage,
    sql: literalSql(sql),
    command: terminalCommand('traffic', options, [asked.filter]),
  }
}

function chooseStepOf({ step, points, since, until }: TrafficQuery): Step {
  if (step !== '') return parameter.readStep(step)
  return chooseStep(Date.parse(until) - Date.parse(since), points)
}

interface Bins {
  readonly t: readonly string[]
  readonly unit: 'bytes' | 'packets' | 'flows'
  readonly seconds: readonly number[]
}

/** Collects the rows of each key: keys with more bytes first, `other` last. */
function collectSeries(rows: readonly Row[], { t, unit, seconds }: Bins) {
  const places = new Map(t.map((time, index) => [time, index]))
  const found = new Map<string, { row: Row; bytes: bigint; values: (string | null)[] }>()
  for (const row of rows) {
    const id = JSON.stringify([row['key'], row['name']])
    const one = found.get(id) ?? { row, bytes: 0n, values: t.map(() => '0') }
    found.set(id, one)
    one.bytes += BigInt(row['bytes'] ?? 0)
    const place = places.get(value.rfc3339(value.text(row, 'bucket')))
    if (place !== undefined) one.values[place] = row[unit] ?? null
  }
  const isOther = ({ row }: { row: Row }) => row['key'] === 'other' && row['name'] === 'other'
  return [...found.values()]
    .sort((a, b) => Number(isOther(a)) - Number(isOther(b)) || compare(b.bytes, a.bytes))
    .map((one) => ({ isOther: isOther(one), series: describe(one.row, one.values, seconds) }))
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)

function describe(
  row: Row,
  values: readonly (string | null)[],
  seconds: readonly number[],
): Series {
  const known = values.filter((one) => one !== null)
  const total = known.length === 0 ? null : known.reduce((sum, one) => sum + BigInt(one), 0n)
  const rates = values.map((one, index) => Number(one ?? 0) / (seconds[index] || 1))
  const sorted = rates.toSorted((a, b) => a - b)
  const all = seconds.reduce((sum, one) => sum + one, 0)
  return {
    key: value.textOrNull(row, 'key'),
    name: value.text(row, 'name'),
    values: [...values],
    total: total === null ? null : String(total),
    average: Number(total ?? 0) / (all || 1),
    max: sorted.at(-1) ?? 0,
    p95: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0,
  }
}

function table({ t, unit, rows, other }: TrafficReply): Table {
  const all = other ? [...rows, other] : rows
  return {
    columns: ['time', 'key', 'name', unit],
    rows: t.flatMap((time, bin) =>
      all.map(({ key, name, values }) => [time, key, name, values[bin] ?? null]),
    ),
  }
}
