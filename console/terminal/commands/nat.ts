/** `netflow nat`: who was behind a public address, and the events of translating devices. */

import { parseNetwork } from '../../query/address.ts'
import { mappingsQuery, translationsQuery } from '../../query/translations.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import type { Column } from '../output/answer.ts'
import type { Terminal } from '../terminal.ts'

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

export interface NatOptions {
  readonly at?: string
  readonly limit: number
}

/** @param words an address and a port; else a filter of the events */
export async function showNat(
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

/** Says who was behind an address. One moment is asked, so there is nothing to filter by. */
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
    throw new UsageError(`"${port}" is no port`)
  }
  const at = new Date(terminal.time('--at', options.at ?? 'now')).toISOString()
  const outside = { address, port: port === undefined ? null : Number(port), at }
  const rows = await (await terminal.database).ask(mappingsQuery(outside))
  if (rows.length === 0)
    throw new NoAnswerError(`nobody was behind ${place.join(' port ')} at ${at}`)
  await terminal.write({ columns: MAPPINGS, rows: [rows], nothing: '' }, format)
}
