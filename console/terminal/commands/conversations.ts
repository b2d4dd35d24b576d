/** `netflow conversations`: lists the flows of both directions in one line. */

import type { Command } from 'commander'
import { conversationsQuery } from '../../query/questions.ts'
import type { Row } from '../../query/sql.ts'
import { ANALYZER } from '../formats/analyzer.ts'
import { archiveOption, examples, orderOption, ranged, readCount } from '../options.ts'
import type { Answer, Column } from '../output/answer.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const COLUMNS: readonly Column[] = [
  { name: 'started_at', title: 'started', kind: 'time' },
  { name: 'ended_at', kind: 'time' },
  { name: 'seconds', title: 'duration', kind: 'duration', leaves: 5 },
  { name: 'exporter', title: 'exporter', kind: 'address', leaves: 9 },
  { name: 'protocol', kind: 'number' },
  { name: 'protocol_name', title: 'proto', kind: 'text', leaves: 2 },
  { name: 'service', title: 'service', kind: 'text', leaves: 4 },
  { name: 'client', title: 'client', kind: 'address' },
  { name: 'client_port', title: 'port', kind: 'number', leaves: 3 },
  { name: 'server', title: 'server', kind: 'address' },
  { name: 'server_port', title: 'port', kind: 'number' },
  { name: 'client_bytes', title: 'sent', kind: 'bytes', leaves: 6 },
  { name: 'server_bytes', title: 'answered', kind: 'bytes', leaves: 7 },
  { name: 'bytes', title: 'bytes', kind: 'bytes' },
  { name: 'packets', title: 'packets', kind: 'count', leaves: 1 },
  { name: 'flows', title: 'flows', kind: 'count', leaves: 8 },
  { name: 'client_packets', kind: 'count' },
  { name: 'server_packets', kind: 'count' },
  { name: 'client_flows', kind: 'count' },
  { name: 'server_flows', kind: 'count' },
  { name: 'client_flags', kind: 'text' },
  { name: 'server_flags', kind: 'text' },
  { name: 'told_by', kind: 'text' },
]

interface ConversationsOptions {
  readonly limit: number
  readonly order: string
  readonly leastPackets?: number
}

/** The default of python-netflow's analyzer. */
const ANALYZER_PACKETS = 10

/** Adds `netflow conversations`. */
export function addConversations(program: Command, run: RunCommand): void {
  ranged(program.command('conversations'), 'lists both directions in one line', ['analyzer'])
    .option('-n, --limit <count>', 'the newest of them; 0: all', readCount, 100)
    .option('-p, --packets <count>', 'those with as many packets at least', readCount)
    .addOption(orderOption())
    .addOption(archiveOption())
    .addHelpText(
      'after',
      '\nIn the filter, the client is the source.\n' +
        examples(
          'netflow conversations --order bytes -n 20',
          'netflow conversations --format analyzer --packets 10 --resolve',
          'netflow conversations src host 10.1.0.7 and dst port 22',
        ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) =>
        showConversations(terminal, words, { ...options, leastPackets: options.packets }),
      ),
    )
}

async function showConversations(
  terminal: Terminal,
  words: readonly string[],
  options: ConversationsOptions,
): Promise<void> {
  const format = terminal.format(['analyzer'])
  const isAnalyzer = format === 'analyzer'
  const least = options.leastPackets ?? (isAnalyzer ? ANALYZER_PACKETS : 0)
  const question = {
    ...options,
    ...terminal.range(),
    filter: terminal.filter(words),
    // The analyzer counts those that it leaves out, so all of them are fetched.
    leastPackets: isAnalyzer ? 0 : least,
  }
  const source = await terminal.source()
  const rows = source.fetch(conversationsQuery(question, source.dialect))
  const answer: Answer = { columns: COLUMNS, rows, nothing: 'no conversations' }
  if (!isAnalyzer) {
    await terminal.write(answer, format)
    return
  }
  let skipped = 0
  const isLong = (row: Row) => {
    const has = Number(row['packets'] ?? 0) >= least
    if (!has) skipped += 1
    return has
  }
  await terminal.writeLines({ ...answer, rows: filterRows(rows, isLong) }, ANALYZER)
  await terminal.print(
    `${skipped} connections skipped, because they had less than ${least} packets (see --packets).\n`,
  )
}

async function* filterRows(
  portions: AsyncIterable<readonly Row[]>,
  keep: (row: Row) => boolean,
): AsyncGenerator<readonly Row[]> {
  for await (const portion of portions) yield portion.filter(keep)
}
