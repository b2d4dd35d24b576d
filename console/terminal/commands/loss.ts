/** `netflow gaps` and `netflow health`: show what is missing, and the state of the exporters. */

import type { Command } from 'commander'
import { gapsQuery, healthQuery, ledgerQuery } from '../../query/losses.ts'
import type { Row } from '../../query/sql.ts'
import { common, examples, exporterOption, readCount, timed } from '../options.ts'
import type { Answer, Column } from '../output/answer.ts'
import { safeText } from '../output/safe-text.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const GAPS: readonly Column[] = [
  { name: 'detected_at', title: 'detected', kind: 'time' },
  { name: 'exporter', title: 'exporter', kind: 'address' },
  { name: 'exporter_name', title: 'name', kind: 'text', leaves: 3 },
  { name: 'export_version', title: 'version', kind: 'number', leaves: 1 },
  { name: 'observation_domain', title: 'domain', kind: 'number', leaves: 2 },
  { name: 'expected', title: 'expected', kind: 'number', leaves: 4 },
  { name: 'received', title: 'received', kind: 'number', leaves: 5 },
  { name: 'lost', title: 'lost', kind: 'count' },
  { name: 'unit', title: 'unit', kind: 'text' },
]

const LEDGER: readonly Column[] = [
  { name: 'bucket', title: 'time', kind: 'time' },
  { name: 'exporter', title: 'exporter', kind: 'address' },
  { name: 'export_version', title: 'version', kind: 'number', leaves: 3 },
  { name: 'observation_domain', title: 'domain', kind: 'number', leaves: 4 },
  { name: 'expected', title: 'expected', kind: 'count', leaves: 5 },
  { name: 'received', title: 'received', kind: 'count' },
  { name: 'lost', title: 'lost', kind: 'count' },
  { name: 'late', title: 'late', kind: 'count', leaves: 6 },
  { name: 'duplicates', title: 'duplicates', kind: 'count', leaves: 7 },
  { name: 'unit', title: 'unit', kind: 'text', leaves: 1 },
  { name: 'cause', title: 'cause', kind: 'text', leaves: 2 },
  { name: 'coverage', title: 'coverage %', kind: 'percent' },
]

interface GapsOptions {
  readonly limit: number
  readonly ledger?: boolean
}

/** Adds `netflow gaps` and `netflow health`. */
export function addLossCommands(program: Command, run: RunCommand): void {
  timed(program.command('gaps'), '24h')
    .description('lists what was lost between the exporters and here')
    .addOption(exporterOption())
    .option('--ledger', 'what each stream has sent and lost, instead of single gaps')
    .option('-n, --limit <count>', 'the newest of them; 0: all', readCount, 100)
    .addHelpText(
      'after',
      examples('netflow gaps --since 1d', 'netflow gaps --ledger --exporter core-1'),
    )
    .action((options) => run(options, (terminal) => showGaps(terminal, options)))
  common(program.command('health'))
    .description('shows the state of each exporter, and advice')
    .addOption(exporterOption())
    .addHelpText(
      'after',
      examples('netflow health', "netflow health --format json | jq '.[].advice'"),
    )
    .action((options) => run(options, showHealth))
}

async function showGaps(terminal: Terminal, options: GapsOptions): Promise<void> {
  const format = terminal.format()
  const { since, until } = terminal.range('24h')
  const exporters = terminal.options.exporter ?? []
  const query = options.ledger
    ? ledgerQuery({ since, until, exporters })
    : gapsQuery({ since, until, exporters, limit: options.limit })
  const answer: Answer = {
    columns: options.ledger ? LEDGER : GAPS,
    rows: (await terminal.database).fetch(query),
    nothing: options.ledger ? 'no exporter was heard' : 'no gaps',
  }
  await terminal.write(answer, format)
}

const HEALTH: readonly Column[] = [
  { name: 'exporter', title: 'exporter', kind: 'address' },
  { name: 'exporter_name', title: 'name', kind: 'text', leaves: 3 },
  { name: 'export_version', title: 'version', kind: 'number', leaves: 4 },
  { name: 'observation_domain', title: 'domain', kind: 'number', leaves: 5 },
  { name: 'enabled', title: 'enabled', kind: 'flag', leaves: 8 },
  { name: 'last_seen', kind: 'time' },
  { name: 'silent_seconds', title: 'silent for', kind: 'duration', leaves: 2 },
  { name: 'flows_per_second', title: 'flows/s', kind: 'number', leaves: 1 },
  { name: 'datagrams_per_second', kind: 'number' },
  { name: 'lost_day', title: 'lost', kind: 'count', leaves: 6 },
  { name: 'loss_percent_day', title: 'lost %', kind: 'percent', leaves: 7 },
  { name: 'sequence_unit', kind: 'text' },
  { name: 'clock_skew_seconds', title: 'clock', kind: 'duration', leaves: 9 },
  { name: 'templates', kind: 'count' },
  { name: 'sampling', title: 'sampling', kind: 'text', leaves: 10 },
  { name: 'advice', kind: 'json' },
]

async function showHealth(terminal: Terminal): Promise<void> {
  const format = terminal.format()
  const database = await terminal.database
  const rows = await database.ask(healthQuery(terminal.options.exporter ?? []))
  const remarks = rows.flatMap(describeAdvice)
  const answer: Answer = { columns: HEALTH, rows: [rows], remarks, nothing: 'no exporter is known' }
  await terminal.write(answer, format)
}

function describeAdvice(row: Row): string[] {
  const advice = JSON.parse(row['advice'] ?? '[]') as readonly string[]
  const version = row['export_version'] === null ? '' : ` v${row['export_version']}`
  return advice.map((text) => `${row['exporter']}${version}: ${safeText(text)}`)
}
