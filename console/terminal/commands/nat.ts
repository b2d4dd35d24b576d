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

/** @param place nothing: the events; else an address and a port */
export async function showNat(
  terminal: Terminal,
  place: readonly string[],
  options: NatOptions,
): Promise<void> {
  const format = terminal.format()
  const [address, port] = place
  const database = await terminal.database
  if (address === undefined) {
    const { since, until } = terminal.range()
    const rows = database.fetch(translationsQuery({ since, until, limit: options.limit }))
    await terminal.write({ columns: EVENTS, rows, nothing: 'no translations' }, format)
    return
  }
  if (!parseNetwork(address) || address.includes('/')) {
    throw new UsageError(`"${address}" is no address`)
  }
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)) {
    throw new UsageError(`"${port}" is no port`)
  }
  const at = new Date(terminal.time('--at', options.at ?? 'now')).toISOString()
  const outside = { address, port: port === undefined ? null : Number(port), at }
  const rows = await database.ask(mappingsQuery(outside))
  if (rows.length === 0)
    throw new NoAnswerError(`nobody was behind ${place.join(' port ')} at ${at}`)
  await terminal.write({ columns: MAPPINGS, rows: [rows], nothing: '' }, format)
}
