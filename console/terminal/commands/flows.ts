/** `netflow flows`: lists single flows, also as nfdump and flow-print do. */

import type { Command } from 'commander'
import { flowsQuery } from '../../query/questions.ts'
import { SYN_FILTER } from '../formats/flow-print.ts'
import { FLOW_FORMATS, findLineFormat } from '../formats/line-formats.ts'
import { archiveOption, examples, orderOption, ranged, readCount } from '../options.ts'
import type { Answer } from '../output/answer.ts'
import { FLOW_COLUMNS } from '../output/flow-columns.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

interface FlowsOptions {
  readonly limit: number
  readonly order: string
}

/** Adds `netflow flows`. */
export function addFlows(program: Command, run: RunCommand): void {
  ranged(program.command('flows'), 'lists single flows', FLOW_FORMATS)
    .option('-n, --limit <count>', 'the newest of them; 0: all', readCount, 100)
    .addOption(orderOption())
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples(
        'netflow flows host 192.0.2.17 and dst port 443',
        'netflow flows --since 15m --format extended proto tcp and flags S/SA',
        "netflow flows --format 'fmt:%ts %sap -> %dap %byt' bytes '>' 1m",
        'netflow flows -n 0 --since yesterday --format csv --exporter core-1',
        'netflow flows --archive /archive --since 2025-11-28 --until 2025-11-29 host 192.0.2.17',
        'netflow flows --format flow-print-5 --since 2026-11-28T12:00:00Z --until 2026-11-28T13:00:00Z',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showFlows(terminal, words, options)),
    )
}

async function showFlows(
  terminal: Terminal,
  words: readonly string[],
  options: FlowsOptions,
): Promise<void> {
  const format = terminal.format(FLOW_FORMATS)
  const lines = findLineFormat(format)
  const filter = terminal.filter(words, ...(format === 'flow-print-2' ? [SYN_FILTER] : []))
  const source = await terminal.source()
  const query = flowsQuery({ ...options, ...terminal.range(), filter }, source.dialect)
  const answer: Answer = {
    columns: FLOW_COLUMNS,
    rows: source.fetch(query),
    nothing: 'no flows',
  }
  await (lines ? terminal.writeLines(answer, lines) : terminal.write(answer, format))
}
