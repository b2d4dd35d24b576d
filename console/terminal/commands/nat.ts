/** `netflow nat`: shows who was behind a public address, or lists translations. */

import type { Command } from 'commander'
import { parseNetwork } from '../../query/address.ts'
import { mappingsQuery, translationsQuery } from '../../query/translations.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import { examples, ranged, readCount } from '../options.ts'
import type { Column } from '../output/answer.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const MAPPINGS: readonly Column[] = [
  { name: 'inside_addr', title: 'inside', kind: 'address' },
  { name: 'inside_port', title: 'port', kind: 'number' },
  { name: 'protocol', kind: 'number' },
  { name: 'protocol_name', title: 'proto', kind: 'text', leaves: 2 },
  { name: 'since', title: 'since', kind: 'time' },
  { name: 'until', title: 'until', kind: 'time' },
  { name: 'event_name', title: 'event', kind: 'text', leaves: 3 },
  { name: 'first_port', title: 'from', kind: 'number', leaves: 5 },
  { name: 'last_port', title: 'to', kind: 'number', leaves: 4 },
  { name: 'dst_addr', title: 'destination', kind: 'address', leaves: 6 },
  { name: 'dst_port', title: 'port', kind: 'number', leaves: 7 },
  { name: 'exporter', title: 'exporter', kind: 'address', leaves: 8 },
  { name: 'exporter_name', title: 'name', kind: 'text', leaves: 9 },
  { name: 'received_at', kind: 'time' },
]

const EVENTS: readonly Column[] = [
  { name: 'event_at', title: 'time', kind: 'time' },
  { name: 'received_at', kind: 'time' },
  { name: 'exporter', kind: 'address' },
  { name: 'exporter_name', title: 'exporter', kind: 'text', leaves: 4 },
  { name: 'event', kind: 'number' },
  { name: 'event_name', title: 'event', kind: 'text', leaves: 1 },
  { name: 'kind', kind: 'text' },
  { name: 'protocol_name', title: 'proto', kind: 'text', leaves: 2 },
  { name: 'inside_addr', title: 'inside', kind: 'address' },
  { name: 'inside_port', title: 'port', kind: 'number' },
  { name: 'outside_addr', title: 'outside', kind: 'address' },
  { name: 'outside_port', title: 'port', kind: 'number' },
  { name: 'first_port', title: 'from', kind: 'number', leaves: 7 },
  { name: 'last_port', title: 'to', kind: 'number', leaves: 6 },
  { name: 'dst_addr', title: 'destination', kind: 'address', leaves: 3 },
  { name: 'dst_port', title: 'port', kind: 'number', leaves: 5 },
]

interface NatOptions {
  readonly at?: string
  readonly limit: number
}

/** Adds `netflow nat`. */
export function addNat(program: Command, run: RunCommand): void {
  ranged(program.command('nat'), 'shows who was behind a public address; else lists translations')
    .usage('[options] [address [port] | filter...]')
    .option('--at <time>', 'when the address was used; default: now')
    .option('-n, --limit <count>', 'the newest of the events; 0: all', readCount, 100)
    .addHelpText(
      'after',
      '\nIn the filter, the inside is the source, and "nat" the public side.\n' +
        examples(
          'netflow nat 203.0.113.5 40123 --at "2026-11-28 12:34"',
          'netflow nat --since 15m src net 10.1.0.0/16 and proto tcp',
          'netflow nat nat ip 203.0.113.5 and nat port in [40000-40999]',
        ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showNat(terminal, words, options)),
    )
}

/** @param words an address and a port; else a filter of the events */
async function showNat(
  terminal: Terminal,
  words: readonly string[],
  options: NatOptions,
): Promise<void> {
  if (words[0] !== undefined && isAddress(words[0])) return showInside(terminal, words, options)
  if (options.at !== undefined) throw new UsageError('--at goes with an address')
  const format = terminal.format()
  const question = { ...terminal.range(), filter: terminal.filter(words), limit: options.limit }
  const rows = (await terminal.database).fetch(translationsQuery(question))
  await terminal.write({ columns: EVENTS, rows, nothing: 'no translations' }, format)
}

const isAddress = (word: string) => !word.includes('/') && parseNetwork(word) !== undefined

/** Shows who was behind an address at one moment. A filter does not apply. */
async function showInside(
  terminal: Terminal,
  place: readonly string[],
  options: NatOptions,
): Promise<void> {
  const format = terminal.format()
  const [address = '', port, ...more] = place
  const { exporter, proto, net } = terminal.options
  if (more.length > 0 || exporter || terminal.options.port || proto || net) {
    throw new UsageError(
      'an address is looked up at one moment, without a filter: put "nat ip" before it to list ' +
        'its translations',
    )
  }
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)) {
    throw new UsageError(`"${port}" is no port: expected 0 to 65535`)
  }
  const at = new Date(terminal.time('--at', options.at ?? 'now')).toISOString()
  const outside = { address, port: port === undefined ? null : Number(port), at }
  const rows = await (await terminal.database).ask(mappingsQuery(outside))
  if (rows.length === 0)
    throw new NoAnswerError(`nobody was behind ${place.join(' port ')} at ${at}`)
  await terminal.write({ columns: MAPPINGS, rows: [rows], nothing: '' }, format)
}
