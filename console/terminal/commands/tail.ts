/** `netflow tail`: shows the newest flows, then each flow as it is stored. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { CANCELLED } from '../../database/session.ts'
import {
  newFlowsQuery,
  newMinutesQuery,
  readSnapshot,
  SNAPSHOT_QUERY,
  type Snapshot,
} from '../../query/new-flows.ts'
import { flowsQuery } from '../../query/questions.ts'
import type { Row } from '../../query/sql.ts'
import type { Database } from '../database.ts'
import { UsageError } from '../errors.ts'
import { FLOW_FORMATS, findLineFormat } from '../formats/line-formats.ts'
import { examples, ranged, readCount } from '../options.ts'
import { csvHeading, csvLine, jsonLine } from '../output/data-formats.ts'
import { FLOW_COLUMNS } from '../output/flow-columns.ts'
import type { TableStyle } from '../output/table.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const POLL_MS = 1_000
/** The width of the format `line` with IPv4; a narrower terminal would wrap it. */
const LINE_WIDTH = 120

interface TailOptions {
  /** How many flows to begin with. */
  readonly limit: number
}

interface Lines {
  readonly heading: string
  readonly line: (row: Row) => string
}

/** Adds `netflow tail`. */
export function addTail(program: Command, run: RunCommand): void {
  ranged(program.command('tail'), 'shows flows as they are stored', FLOW_FORMATS)
    .option('-n, --limit <count>', 'how many flows to begin with', readCount, 10)
    .addHelpText(
      'after',
      examples(
        'netflow tail',
        'netflow tail --format long host 192.0.2.17',
        'netflow tail -n 0 --format jsonl dst port 53 | jq .src_addr',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => tailFlows(terminal, words, options)),
    )
}

async function tailFlows(
  terminal: Terminal,
  words: readonly string[],
  options: TailOptions,
): Promise<void> {
  const lines = chooseLines(terminal)
  const filter = terminal.filter(words)
  const { since, until } = terminal.range()
  const database = await terminal.database
  const { signal } = terminal
  // The command waits most of the time: a progress would say nothing.
  terminal.note('')
  const print = (rows: readonly Row[]) =>
    terminal.print(rows.map((row) => `${lines.line(row)}\n`).join(''))
  if (lines.heading !== '') await terminal.print(`${lines.heading}\n`)
  try {
    const first = flowsQuery({ since, until, filter, limit: options.limit, order: 'time' })
    let snapshot = await database.inSnapshot(async () => {
      if (options.limit > 0) await print(await database.ask(first))
      return takeSnapshot(database)
    })
    while (!signal.aborted) {
      await sleep(POLL_MS, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const earlier = snapshot
      snapshot = await database.inSnapshot(async () => {
        for (const { bucket } of await database.ask(newMinutesQuery(earlier))) {
          await print(await database.ask(newFlowsQuery(bucket ?? '', earlier, filter)))
        }
        return takeSnapshot(database)
      })
    }
  } catch (error) {
    if (!signal.aborted || (error as { code?: string }).code !== CANCELLED) throw error
  }
}

/** Returns the snapshot of the open transaction. */
async function takeSnapshot(database: Database): Promise<Snapshot> {
  const [row] = await database.ask(SNAPSHOT_QUERY)
  return readSnapshot(row ?? {})
}

function chooseLines(terminal: Terminal): Lines {
  const format =
    terminal.options.format === undefined ? defaultFormat(terminal) : terminal.format(FLOW_FORMATS)
  const style: TableStyle = terminal.style()
  if (format === 'csv') {
    return { heading: csvHeading(FLOW_COLUMNS), line: (row) => csvLine(FLOW_COLUMNS, row) }
  }
  if (format === 'jsonl') return { heading: '', line: (row) => jsonLine(FLOW_COLUMNS, row) }
  const lines = findLineFormat(format)
  if (lines) return { heading: lines.heading, line: (row) => lines.line(row, style) }
  throw new UsageError(
    `--format: ${format} cannot be followed: use short, line, long, extended, csv, jsonl`,
  )
}

function defaultFormat({ surroundings }: Terminal): string {
  const { width } = surroundings
  if (width === undefined) return 'csv'
  return width < LINE_WIDTH ? 'short' : 'line'
}
