/** `netflow top` and `netflow traffic`: show sums by key, and by time and key. */

import type { Command } from 'commander'
import { EITHER_END, KEYS, normalizeKey } from '../../query/keys.ts'
import { topQuery, trafficQuery } from '../../query/questions.ts'
import type { Ask, Row } from '../../query/sql.ts'
import { parseStep } from '../../query/steps.ts'
import { parseDuration } from '../../query/times.ts'
import { UsageError } from '../errors.ts'
import { archiveOption, byOption, examples, ranged, rawOption, readCount } from '../options.ts'
import type { Answer, Column } from '../output/answer.ts'
import { formatChart } from '../output/chart.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const SUMS: readonly Column[] = [
  { name: 'bytes', title: 'bytes', kind: 'bytes' },
  { name: 'packets', title: 'packets', kind: 'count', leaves: 2 },
  { name: 'flows', title: 'flows', kind: 'count', leaves: 1 },
]

interface TopOptions {
  readonly by: string
  readonly n: number
  readonly raw?: boolean
}

function readKey(word: string): string {
  const by = normalizeKey(word)
  if (by !== undefined) return by
  throw new UsageError(
    `--by: nothing is known by "${word}": expected ${Object.keys(KEYS).join(', ')}, or a network such as ` +
      'src/24 or dst/24,56',
  )
}

function keyColumns(by: string): readonly Column[] {
  const isAddress = ['src', 'dst', 'address', 'exporter'].includes(by)
  return [
    { name: 'key', title: by, kind: isAddress ? 'address' : 'text' },
    {
      name: 'name',
      kind: 'text',
      ...(!isAddress || by === 'exporter' ? { title: 'name', leaves: 5 } : {}),
    },
  ]
}

/** Leaves out names that are the same as their key. */
function withoutEqualNames(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) => {
    const key = row['key'] ?? row['name'] ?? null
    return { ...row, key, name: row['name'] === key ? null : (row['name'] ?? null) }
  })
}

/** Adds `netflow top`. */
export function addTop(program: Command, run: RunCommand): void {
  ranged(program.command('top'), 'lists the greatest sums by a key')
    .addOption(byOption('src'))
    .option('-n, --limit <count>', 'how many', readCount, 10)
    .addOption(rawOption())
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples(
        'netflow top --by src',
        'netflow top --by service --since today proto tcp',
        'netflow top --by src/24,56 -n 20 --exporter core-1',
        'netflow top --by pair --since 1d --format json not net 10.0.0.0/8',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showTop(terminal, words, { ...options, n: options.limit })),
    )
}

async function showTop(
  terminal: Terminal,
  words: readonly string[],
  options: TopOptions,
): Promise<void> {
  const format = terminal.format()
  const by = readKey(options.by)
  const { n, raw = false } = options
  const question = { ...terminal.range(), by, filter: terminal.filter(words), n, scaled: !raw }
  const source = await terminal.source()
  const ask: Ask = (sql) => source.ask(sql)
  const found = await source.inSnapshot(async () =>
    ask(await topQuery(ask, question, source.dialect)),
  )
  const hasFlows = found.some(({ flows }) => Number(flows) > 0)
  // "other" makes the sum complete. In a table it matters only when it counts something.
  const rows = format === 'table' ? withoutEqualNames(found.filter(isShown)) : hasFlows ? found : []
  const greatest = rows.reduce((most, { bytes }) => Math.max(most, Number(bytes ?? 0)), 0)
  const answer: Answer = {
    columns: [
      { name: 'rank', title: '#', kind: 'number', leaves: 4 },
      ...keyColumns(by),
      ...SUMS,
      { name: 'share', title: 'share', kind: 'share', leaves: 3 },
      { name: 'at_most', kind: 'bytes' },
      { name: 'exact', kind: 'flag' },
      { name: 'source', kind: 'text' },
    ],
    rows: [hasFlows ? rows : []],
    bar: ({ bytes, rank }) => (rank === null || greatest === 0 ? 0 : Number(bytes ?? 0) / greatest),
    remarks: topRemarks(by, found),
    nothing: 'no flows',
  }
  await terminal.write(answer, format)
}

const SOURCES: Readonly<Record<string, string>> = { raw: 'flows', archive: 'the archive' }

const isShown = (row: Row) => row['rank'] != null || Number(row['flows'] ?? 0) > 0

function topRemarks(by: string, rows: readonly Row[]): string[] {
  const source = rows[0]?.['source'] ?? 'raw'
  const remarks = [`from ${SOURCES[source] ?? `rollups (${source})`}`]
  if (EITHER_END.includes(by)) {
    remarks.push('a flow counts at either end: shares are of twice the traffic')
  }
  const known = rows.filter((row) => row['rank'] != null)
  if (known.some(({ exact }) => exact === 'f')) {
    const most = known.filter(({ exact }) => exact === 'f').map(({ key }) => key)
    remarks.push(`at least, as lists of the rollups leave out small sums: ${most.join(', ')}`)
  }
  return remarks
}

interface TrafficOptions extends TopOptions {
  readonly step?: string
  readonly spread?: boolean
}

const STEPS = ['10s', '1m', '5m', '15m', '1h', '6h', '1d', '1w']
/** A chart with at most this many bins fits beside its labels. */
const WANTED_BINS = 60

/** Adds `netflow traffic`. */
export function addTraffic(program: Command, run: RunCommand): void {
  ranged(program.command('traffic'), 'shows traffic over time, by a key', ['chart'])
    .addOption(byOption('all'))
    .option('-n, --limit <count>', 'how many keys', readCount, 5)
    .option('--step <step>', '10s, 5m, 1h, 1d, 1w, 1month; default: by the range')
    .addOption(rawOption())
    .option('--spread', 'a long flow counts in each bin that it covers; else when it was received')
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples(
        'netflow traffic --since 6h',
        'netflow traffic --by protocol --step 5m --since today',
        'netflow traffic --format csv --by exporter --step 1d --since 4w',
        'netflow traffic --format chart dst port 443',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showTraffic(terminal, words, { ...options, n: options.limit })),
    )
}

async function showTraffic(
  terminal: Terminal,
  words: readonly string[],
  options: TrafficOptions,
): Promise<void> {
  const format = terminal.format(['chart'])
  const by = readKey(options.by)
  const { since, until } = terminal.range()
  const lengthMs = Date.parse(until) - Date.parse(since)
  const step = readStep(options.step ?? chooseStep(lengthMs))
  const { n, raw = false, spread = false } = options
  const filter = terminal.filter(words)
  const question = { since, until, by, step, filter, n, scaled: !raw, spread }
  const source = await terminal.source()
  if (spread && !source.dialect.hasFunctions) {
    throw new UsageError('--spread cannot be asked of an archive: leave out one of the two')
  }
  const ask: Ask = (sql) => source.ask(sql)
  const found = await source.inSnapshot(async () =>
    ask(await trafficQuery(ask, question, source.dialect)),
  )
  const columns: readonly Column[] = [
    { name: 'bucket', title: 'time', kind: 'time' },
    ...(by === 'all'
      ? [{ name: 'key', kind: 'text' } as const, { name: 'name', kind: 'text' } as const]
      : keyColumns(by)),
    ...SUMS,
    { name: 'source', kind: 'text' },
  ]
  const isTable = format === 'table' || format === 'chart'
  if (isTable && found.length > 0) {
    const stepMs = parseDuration(options.step ?? chooseStep(lengthMs)) ?? 0
    const ends = EITHER_END.includes(by) ? 2 : 1
    const chart = formatChart(found, { since, until, stepMs, ends }, terminal.style())
    if (chart !== '') await terminal.print(format === 'chart' ? chart : `${chart}\n`)
    if (chart !== '' && format === 'chart') return
  }
  const rows = isTable ? withoutEqualNames(found) : found
  const greatest = rows.reduce((most, { bytes }) => Math.max(most, Number(bytes ?? 0)), 0)
  const answer: Answer = {
    columns,
    rows: [rows],
    bar: ({ bytes }) => (greatest === 0 ? 0 : Number(bytes ?? 0) / greatest),
    nothing: 'no flows',
  }
  await terminal.write(answer, format === 'chart' ? 'table' : format)
}

function chooseStep(lengthMs: number): string {
  return STEPS.find((step) => lengthMs / (parseDuration(step) ?? 1) <= WANTED_BINS) ?? '1w'
}

/** Returns an interval of PostgreSQL. */
function readStep(text: string): string {
  const step = parseStep(text)
  if (step) return step.interval
  throw new UsageError(
    `--step: "${text}" is no step: expected 10s, 5m, 1h, 1d, 1w, 1month or 1year`,
  )
}
