/** `netflow flows`: single flows, as nfdump and flow-print list them. */

import { flowsQuery, ORDERS } from '../../query/questions.ts'
import { UsageError } from '../errors.ts'
import { FLOW_PRINT, SYN_FILTER } from '../formats/flow-print.ts'
import { type LineFormat, NAMED_LINES, parseLineFormat, TOKEN_NAMES } from '../formats/fmt.ts'
import type { Answer, Column } from '../output/answer.ts'
import type { Terminal } from '../terminal.ts'

export const FLOW_COLUMNS: readonly Column[] = [
  { name: 'received_at', title: 'received', kind: 'time' },
  { name: 'exporter', kind: 'address' },
  { name: 'exporter_name', title: 'exporter', kind: 'text', leaves: 8 },
  { name: 'protocol', kind: 'number' },
  { name: 'protocol_name', title: 'proto', kind: 'text', leaves: 1 },
  { name: 'src_addr', title: 'source', kind: 'address' },
  { name: 'src_port', title: 'port', kind: 'number' },
  { name: 'dst_addr', title: 'destination', kind: 'address' },
  { name: 'dst_port', title: 'port', kind: 'number' },
  { name: 'service', title: 'service', kind: 'text', leaves: 6 },
  { name: 'application', title: 'application', kind: 'text', leaves: 9 },
  { name: 'bytes', title: 'bytes', kind: 'bytes' },
  { name: 'packets', title: 'packets', kind: 'count', leaves: 2 },
  { name: 'seconds', title: 'duration', kind: 'duration', leaves: 5 },
  { name: 'flow_start', kind: 'time' },
  { name: 'flow_end', kind: 'time' },
  { name: 'tcp_flags', kind: 'number' },
  { name: 'tcp_flag_letters', title: 'flags', kind: 'text', leaves: 7 },
  { name: 'tos', kind: 'number' },
  { name: 'icmp_type', kind: 'number' },
  { name: 'icmp_code', kind: 'number' },
  { name: 'input_if', kind: 'number' },
  { name: 'input_name', title: 'in', kind: 'text', leaves: 10 },
  { name: 'output_if', kind: 'number' },
  { name: 'output_name', title: 'out', kind: 'text', leaves: 11 },
  { name: 'direction', kind: 'text' },
  { name: 'src_as', title: 'src AS', kind: 'number', leaves: 12 },
  { name: 'dst_as', title: 'dst AS', kind: 'number', leaves: 13 },
  { name: 'next_hop', kind: 'address' },
  { name: 'src_mask', kind: 'number' },
  { name: 'dst_mask', kind: 'number' },
  { name: 'src_vlan', kind: 'number' },
  { name: 'dst_vlan', kind: 'number' },
  { name: 'src_mac', kind: 'text' },
  { name: 'dst_mac', kind: 'text' },
  { name: 'forwarding', kind: 'text' },
  { name: 'drop_reason', title: 'dropped', kind: 'text', leaves: 14 },
  { name: 'end_reason', kind: 'text' },
  { name: 'event', kind: 'number' },
  { name: 'event_name', title: 'event', kind: 'text', leaves: 15 },
  { name: 'export_version', kind: 'number' },
  { name: 'observation_domain', kind: 'number' },
  { name: 'sampling_rate', kind: 'number' },
  { name: 'raw_bytes', kind: 'bytes' },
  { name: 'raw_packets', kind: 'count' },
  { name: 'extra', kind: 'json' },
]

/** Names of the formats beside those of every command. */
export const FLOW_FORMATS: readonly string[] = [
  ...Object.keys(NAMED_LINES),
  'flow-print',
  ...FLOW_PRINT.map((_, number) => `flow-print-${number}`),
  'fmt:',
]

export interface FlowsOptions {
  readonly limit: number
  readonly order: string
}

export async function showFlows(
  terminal: Terminal,
  words: readonly string[],
  options: FlowsOptions,
): Promise<void> {
  const format = terminal.format(FLOW_FORMATS)
  const lines = lineFormat(format)
  if (!ORDERS.includes(options.order)) {
    throw new UsageError(`--order: "${options.order}" is none of ${ORDERS.join(', ')}`)
  }
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

/** Finds a format of whole lines; undefined for those of every command. @throws UsageError */
export function lineFormat(format: string): LineFormat | undefined {
  const number = format === 'flow-print' ? 3 : /^flow-print-(\d)$/.exec(format)?.[1]
  if (number !== undefined) return FLOW_PRINT[Number(number)]
  const text = format.startsWith('fmt:') ? format.slice('fmt:'.length) : NAMED_LINES[format]
  if (text === undefined) return undefined
  const lines = parseLineFormat(text)
  if (typeof lines !== 'string') return lines
  const known = TOKEN_NAMES.map((name) => `%${name}`).join(' ')
  throw new UsageError(`--format: "${lines}" is no token of fmt: expected some of ${known}`)
}
