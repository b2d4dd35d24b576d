/** `netflow export`: writes flows into files, one for each partition. A cut export can go on. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { loadDuckDb } from '../../export/duckdb.ts'
import { type ExportQuestion, Manifest, ManifestError } from '../../export/manifest.ts'
import { parquetWriter, type WriteParquet } from '../../export/parquet.ts'
import { writePart } from '../../export/part-file.ts'
import { cutByPartitions, nameFile } from '../../export/parts.ts'
import { allFlowsQuery, countFlowsQuery } from '../../query/all-flows.ts'
import type { Filter } from '../../query/filter/filter-tree.ts'
import type { TimeRange } from '../../query/range.ts'
import type { Row } from '../../query/sql.ts'
import type { Database } from '../database.ts'
import { explainSystemError, NoAnswerError, UsageError } from '../errors.ts'
import { examples, ranged } from '../options.ts'
import { type Column, formatStamp } from '../output/answer.ts'
import { csvHeading, csvLine, jsonLine, plainCsvLine } from '../output/data-formats.ts'
import { FLOW_COLUMNS } from '../output/flow-columns.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const FORMATS: readonly string[] = ['csv', 'jsonl', 'parquet']
const CUT = 'the export was cut: the same command goes on with it'

interface ExportOptions {
  readonly to: string
  readonly all?: boolean
}

/** Adds `netflow export`. */
export function addExport(program: Command, run: RunCommand): void {
  ranged(program.command('export'), 'writes flows into files', ['parquet'])
    .option('--to <folder>', 'where the files go; a folder with a cut export goes on', './flows')
    .option('--all', 'every partition, from the oldest flow on, instead of --since')
    .addHelpText(
      'after',
      '\nParquet takes the package @duckdb/node-api: npm install --no-save @duckdb/node-api\n' +
        examples(
          'netflow export --since yesterday --format csv --to /archive/yesterday',
          'netflow export --all --format parquet --to /archive/flows',
          'netflow export --since 7d --format jsonl --exporter core-1 dst port 443',
        ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => exportFlows(terminal, words, options)),
    )
}

async function exportFlows(
  terminal: Terminal,
  words: readonly string[],
  options: ExportOptions,
): Promise<void> {
  const format = terminal.options.format ?? 'csv'
  if (!FORMATS.includes(format)) {
    throw new UsageError(`--format: "${format}" is none of ${FORMATS.join(', ')}`)
  }
  if (options.all && (terminal.options.since ?? terminal.options.until) !== undefined) {
    throw new UsageError('--all excludes --since and --until')
  }
  const filter = terminal.filter(words)
  try {
    const parquet =
      format === 'parquet' ? parquetWriter(loadDuckDb(terminal.surroundings.folder)) : undefined
    await mkdir(options.to, { recursive: true })
    const question = await ask(terminal, words, { format, isAll: options.all ?? false })
    const manifest = await Manifest.open(options.to, question)
    const run = { terminal, filter, manifest, folder: options.to, ...(parquet && { parquet }) }
    await writeParts(run)
  } catch (error) {
    if (error instanceof ManifestError) throw new UsageError(error.message)
    if (terminal.signal.aborted) throw new NoAnswerError(CUT, { cause: error })
    throw explainSystemError(error)
  }
}

async function ask(
  terminal: Terminal,
  words: readonly string[],
  { format, isAll }: { readonly format: string; readonly isAll: boolean },
): Promise<ExportQuestion> {
  const { exporter, port, proto, as, net } = terminal.options
  const flags = Object.entries({ exporter, port, proto, as, net }).flatMap(([name, values]) =>
    (values ?? []).map((value) => `--${name} ${value}`),
  )
  const until = new Date(terminal.clock.nowMs).toISOString()
  const { since = '1h ago', until: end = 'now' } = terminal.options
  const asked = isAll ? '--all' : `${since} to ${end}`
  const range = isAll ? { since: new Date(0).toISOString(), until } : terminal.range()
  return { format, asked, ...range, filter: [words.join(' '), ...flags].filter(Boolean).join(' ') }
}

interface ExportRun {
  readonly terminal: Terminal
  readonly filter: Filter
  readonly manifest: Manifest
  readonly folder: string
  readonly parquet?: WriteParquet
}

async function writeParts(run: ExportRun): Promise<void> {
  const { terminal, manifest, folder } = run
  const database = await terminal.database
  await manifest.save()
  const parts = cutByPartitions(manifest.question, await listPartitions(database))
  let flows = 0
  for (const [index, part] of parts.entries()) {
    if (terminal.signal.aborted) break
    const file = nameFile(part, endingOf(manifest.question.format))
    const known = manifest.find(file)
    terminal.note(`part ${index + 1} of ${parts.length}: ${file}`)
    if (known) flows += known.flows
    else flows += await writeOne(run, database, part, file)
  }
  const { since, until } = manifest.question
  terminal.say(
    `${flows} flows from ${since} to ${until} in ${manifest.parts.length} of ${parts.length} files of ${folder}`,
  )
  if (manifest.parts.length < parts.length) {
    throw new NoAnswerError(CUT)
  }
}

/** @returns the number of its flows */
async function writeOne(
  { terminal, filter, manifest, folder, parquet }: ExportRun,
  database: Database,
  part: TimeRange,
  file: string,
): Promise<number> {
  const isJson = manifest.question.format === 'jsonl'
  const format = isJson ? jsonLine : parquet ? plainCsvLine : csvLine
  const line = (row: Row) => format(FLOW_COLUMNS, row)
  let expected = 0
  let done = 0
  async function* portions(): AsyncGenerator<readonly string[]> {
    const question = { ...part, filter }
    for await (const rows of database.fetchCounted(
      allFlowsQuery(question),
      countFlowsQuery(question),
    )) {
      expected = rows.count
      if (terminal.signal.aborted) throw new NoAnswerError(CUT)
      yield rows.rows.map(line)
      done += rows.rows.length
      terminal.note(`${file}: ${done} of ${expected} flows`)
    }
  }
  const written = await writePart({
    path: join(folder, file),
    heading: isJson ? '' : csvHeading(FLOW_COLUMNS),
    portions: portions(),
    ...(parquet && { parquet: { write: parquet, types: PARQUET_TYPES } }),
  })
  if (written.flows !== expected) {
    throw new NoAnswerError(
      `${file} has ${written.flows} flows, but the database has ${expected}: the same command writes ` +
        'it again',
    )
  }
  await manifest.add({ file, ...part, ...written })
  return written.flows
}

/** Loads the bounds of the partitions, as RFC 3339. */
async function listPartitions(database: Database): Promise<TimeRange[]> {
  const rows = await database.ask({
    text: 'select since, until from flow_partitions order by since',
    values: [],
  })
  const time = (row: Row, name: string) => formatStamp(row[name] ?? '')
  return rows.map((row) => ({ since: time(row, 'since'), until: time(row, 'until') }))
}

function endingOf(format: string): string {
  return format === 'parquet' ? '.parquet' : `.${format}.gz`
}

const PARQUET_TYPES: Readonly<Record<string, string>> = Object.fromEntries(
  FLOW_COLUMNS.map(({ name, kind }) => [name, typeOf(name, kind)]),
)

function typeOf(name: string, kind: Column['kind']): string {
  if (kind === 'time') return 'TIMESTAMPTZ'
  // Scaled counters may exceed 64 bits; Parquet has no larger integers.
  if (name === 'bytes' || name === 'packets') return 'DECIMAL(38,0)'
  if (kind === 'duration') return 'DOUBLE'
  return kind === 'number' || kind === 'bytes' || kind === 'count' ? 'BIGINT' : 'VARCHAR'
}
