/** How long questions take over many partitions: from rollups, and the same ones from flows. */

import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { settleRollups } from '../measure/settle-rollups.ts'
import { ratiosOf } from '../measure/spread.ts'
import { fillSkewed } from '../traffic/skewed-flows.ts'
import type { Instrument, Workbench } from './instrument.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FROM_MS = Date.parse('2026-01-01T00:00Z')

interface Question {
  readonly name: string
  /** With the range as $1 and $2. */
  readonly sql: string
  readonly hours: number
  /** Not asked of rollups. */
  readonly isRaw?: true
}

function questionsOf(days: number): readonly Question[] {
  const all = days * 24
  const top = 'select * from top_talkers($1, $2)'
  const traffic = (step: string, by: string) => `select * from traffic($1, $2, '${step}', '${by}')`
  return [
    { name: 'top sources of an hour', sql: top, hours: 1 },
    { name: 'top sources of a day', sql: top, hours: 24 },
    { name: 'top sources of all days', sql: top, hours: all },
    { name: 'traffic of an hour by minute', sql: traffic('1 minute', 'all'), hours: 1 },
    { name: 'traffic of a day by 5 minutes', sql: traffic('5 minutes', 'protocol'), hours: 24 },
    { name: 'traffic of all days by exporter', sql: traffic('1 hour', 'exporter'), hours: all },
    {
      name: 'one address in a day',
      sql: `select * from flows where received_at >= $1 and received_at < $2
        and (src_addr = '10.0.13.37' or dst_addr = '10.0.13.37')`,
      hours: 24,
      isRaw: true,
    },
    {
      name: 'conversations of an hour',
      sql: `select * from conversations where hour >= $1 and hour < $2 limit 100`,
      hours: 1,
      isRaw: true,
    },
  ]
}

export const ANSWERS: Instrument = {
  id: 'answers',
  title: 'Answers: questions over many partitions, from rollups and from flows',
  rowTitle: 'question',
  isQuick: false,
  measure: (workbench) => BenchDatabase.with((database) => measureAnswers(workbench, database)),
}

async function measureAnswers({ size, progress }: Workbench, database: BenchDatabase) {
  const { client } = database
  const rows = Number(process.env['BENCH_ANSWER_ROWS'] || size.answers.rows)
  const days = Number(process.env['BENCH_ANSWER_DAYS'] || size.answers.days)
  await client.query(`set timezone = 'UTC'`)
  await fillSkewed(client, { rows, days, fromMs: FROM_MS }, progress)
  await indexAddresses(database)
  progress('computing the rollups')
  const started = performance.now()
  await settleRollups(database.url, FROM_MS + days * DAY_MS)
  const seconds = (performance.now() - started) / 1000
  await client.query('vacuum analyze rollup_minute, rollup_hour, rollup_day, rollup_lists')
  const results: BenchRow[] = []
  for (const question of questionsOf(days)) {
    progress(question.name)
    results.push(await measureQuestion({ question, size, database, days }))
  }
  results.push(await describeSizes(database, { rows, days, seconds }))
  return {
    rows: results,
    note:
      `${rows.toLocaleString('en')} flows of 8 exporters in ${days} partitions, as networks have them: ` +
      'few addresses have most of the traffic. The server keeps everything in memory. The hour and the ' +
      'day are whole ones in the middle. BENCH_ANSWER_ROWS and BENCH_ANSWER_DAYS set other numbers.',
  }
}

/** As the writer does an hour after the end of a partition. */
async function indexAddresses({ client }: BenchDatabase): Promise<void> {
  const { rows } = await client.query('select partition::text as name from flow_partitions')
  for (const { name } of rows) {
    await client.query(`create index on ${name} (src_addr)`)
    await client.query(`create index on ${name} (dst_addr)`)
  }
}

async function measureQuestion({
  question,
  size,
  database,
  days,
}: {
  readonly question: Question
  readonly size: Workbench['size']
  readonly database: BenchDatabase
  readonly days: number
}): Promise<BenchRow> {
  const { name, sql, hours, isRaw } = question
  const all = days * 24
  const from = FROM_MS + (hours === all ? 0 : Math.floor(days / 2) * DAY_MS)
  const values = [new Date(from), new Date(from + hours * HOUR_MS)]
  const ask = (setting: 'on' | 'off') => async () => {
    await database.client.query(`set netflow.rollups = ${setting}`)
    const started = performance.now()
    await database.client.query(sql, values)
    return performance.now() - started
  }
  const variants: Record<string, () => Promise<number>> = isRaw
    ? { raw: ask('off') }
    : { raw: ask('off'), rollups: ask('on') }
  const times = await interleave(variants, {
    rounds: size.rounds,
    warmUp: true,
  })
  const { raw = [], rollups }: Record<string, number[] | undefined> = times
  return {
    name,
    figures: {
      'from flows ms': figure(raw, 1),
      ...(rollups && {
        'from rollups ms': figure(rollups, 1),
        'times faster': figure(ratiosOf(raw, rollups), 1),
      }),
    },
  }
}

async function describeSizes(
  { client }: BenchDatabase,
  {
    rows,
    days,
    seconds,
  }: { readonly rows: number; readonly days: number; readonly seconds: number },
): Promise<BenchRow> {
  const { rows: sizes } = await client.query(
    `select level, total_bytes::float8 as bytes,
       (select sum(total_bytes)::float8 from flow_partitions) as flows,
       pg_total_relation_size('rollup_lists')::float8 as lists
     from rollup_status`,
  )
  const bytesOf = (level: string) => sizes.find((row) => row.level === level)?.bytes / days / 1e6
  return {
    name: 'MB a day, and flows computed a second',
    figures: {
      'flows MB': figure([sizes[0]?.flows / days / 1e6], 1),
      'minutes MB': figure([bytesOf('minute')], 2),
      'hours MB': figure([bytesOf('hour')], 2),
      'days MB': figure([bytesOf('day')], 2),
      'flows/s': figure([rows / seconds], 0),
    },
  }
}
