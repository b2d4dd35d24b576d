/** `netflow conversations`: the flows of both directions in one line. */

import { conversationsQuery, ORDERS } from '../../query/questions.ts'
import type { Row } from '../../query/sql.ts'
import { UsageError } from '../errors.ts'
import { ANALYZER_HEADING, analyzerLine } from '../formats/analyzer.ts'
import type { Answer, Column } from '../output/answer.ts'
import type { Terminal } from '../terminal.ts'

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

export interface ConversationsOptions {
  readonly limit: number
  readonly order: string
  readonly leastPackets?: number
}

/** As python-netflow's analyzer has it. */
const ANALYZER_PACKETS = 10

export async function showConversations(
  terminal: Terminal,
  words: readonly string[],
  options: ConversationsOptions,
): Promise<void> {
  const format = terminal.format(['analyzer'])
  if (!ORDERS.includes(options.order)) {
    throw new UsageError(`--order: "${options.order}" is none of ${ORDERS.join(', ')}`)
  }
  const isAnalyzer = format === 'analyzer'
  const least = options.leastPackets ?? (isAnalyzer ? ANALYZER_PACKETS : 0)
  const question = {
    ...options,
    ...terminal.range(),
    filter: terminal.filter(words),
    // The analyzer says how many it has left out.
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
  await terminal.writeLines(
    { ...answer, rows: filterRows(rows, isLong) },
    { heading: ANALYZER_HEADING, line: analyzerLine },
  )
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
