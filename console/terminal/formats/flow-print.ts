/** Formats flows as flow-print of flow-tools does, in its formats 0 to 5. */

import type { Row } from '../../query/sql.ts'
import { formatTime } from '../../query/times.ts'
import { parseStamp } from '../output/answer.ts'
import { safeText } from '../output/safe-text.ts'
import type { Style } from '../output/units.ts'
import type { LineFormat } from './fmt.ts'

const value = (row: Row, name: string) => row[name] ?? '0'
const hex = (digits: string, width: number) => Number(digits).toString(16).padStart(width, '0')

function address(row: Row, end: 'src' | 'dst', { nameOf }: Style): string {
  const found = row[`${end}_addr`] ?? '0.0.0.0'
  return safeText(nameOf?.(found) ?? found)
}

/** Formats a port. With ICMP, type and code as one number replace the destination's port. */
function port(row: Row, end: 'src' | 'dst'): string {
  if (end === 'src' || row['icmp_type'] == null) return value(row, `${end}_port`)
  return String(Number(row['icmp_type']) * 256 + Number(value(row, 'icmp_code')))
}

/** Formats a time: 1028.23:17:01.250. */
function moment(stamp: string | null | undefined, { zone }: Style): string {
  if (stamp == null) return '-'.padEnd(17)
  const text = formatTime(parseStamp(stamp), zone, 3)
  return `${text.slice(5, 7)}${text.slice(8, 10)}.${text.slice(11)}`
}

const columns = (widths: readonly number[], texts: readonly string[]) =>
  texts
    .map((text, index) => text.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd()

const INTERFACES = [4, 16, 4, 17, 2, 4, 4, 10, 10]

function withInterfaces(row: Row, style: Style): string {
  return columns(INTERFACES, [
    hex(value(row, 'input_if'), 4),
    address(row, 'src', style),
    hex(value(row, 'output_if'), 4),
    address(row, 'dst', style),
    hex(value(row, 'protocol'), 2),
    hex(port(row, 'src'), 1),
    hex(port(row, 'dst'), 1),
    value(row, 'packets'),
    value(row, 'bytes'),
  ])
}

function timesAndFlags(row: Row, style: Style): string {
  const packets = Number(value(row, 'packets'))
  const perPacket = packets > 0 ? Math.trunc(Number(value(row, 'bytes')) / packets) : 0
  const active = Number(value(row, 'seconds')).toFixed(3)
  return columns(
    [18, 18, 9, 4, 2, 2],
    [
      ` ${moment(row['flow_start'], style)}`,
      moment(row['flow_end'], style),
      active.padStart(8),
      String(perPacket),
      hex(value(row, 'tos'), 2),
      hex(value(row, 'tcp_flags'), 2),
    ],
  )
}

const PLAIN = [16, 16, 5, 8, 8, 12, 10]

const plainLine = (names: readonly [string, string]) => (row: Row, style: Style) =>
  columns(PLAIN, [
    address(row, 'src', style),
    address(row, 'dst', style),
    value(row, 'protocol'),
    ...(names[0] === 'src_port'
      ? [port(row, 'src'), port(row, 'dst')]
      : names.map((name) => value(row, name))),
    value(row, 'bytes'),
    value(row, 'packets'),
  ])

const INTERFACE_HEADING = columns(INTERFACES, [
  ...['Sif', 'SrcIPaddress', 'DIf', 'DstIPaddress', 'Pr', 'SrcP', 'DstP', 'Pkts', 'Octets'],
])
const TWO_LINES: LineFormat = {
  heading: `${INTERFACE_HEADING}\n ${columns([17, 18, 9, 4, 2, 2], ['StartTime', 'EndTime', '  Active', 'B/Pk', 'Ts', 'Fl'])}`,
  line: (row, style) => `${withInterfaces(row, style)}\n${timesAndFlags(row, style)}\n`,
}

const WIDE = [17, 17, 5, 15, 5, 5, 15, 5, 3, 2, 10, 10]

/** The formats, by their numbers. */
export const FLOW_PRINT: readonly LineFormat[] = [
  { heading: INTERFACE_HEADING, line: withInterfaces },
  TWO_LINES,
  TWO_LINES,
  {
    heading: columns(PLAIN, ['srcIP', 'dstIP', 'prot', 'srcPort', 'dstPort', 'octets', 'packets']),
    line: plainLine(['src_port', 'dst_port']),
  },
  {
    heading: columns(PLAIN, ['srcIP', 'dstIP', 'prot', 'srcAS', 'dstAS', 'octets', 'packets']),
    line: plainLine(['src_as', 'dst_as']),
  },
  {
    heading: columns(WIDE, [
      ...['Start', 'End', 'Sif', 'SrcIPaddress', 'SrcP', 'DIf', 'DstIPaddress', 'DstP', 'P', 'Fl'],
      ...['Pkts', 'Octets'],
    ]),
    line: (row, style) =>
      columns(WIDE, [
        moment(row['flow_start'], style),
        moment(row['flow_end'], style),
        value(row, 'input_if'),
        address(row, 'src', style),
        port(row, 'src'),
        value(row, 'output_if'),
        address(row, 'dst', style),
        port(row, 'dst'),
        value(row, 'protocol'),
        // Only the lowest three flags, as in flow-print.
        String(Number(value(row, 'tcp_flags')) & 7),
        value(row, 'packets'),
        value(row, 'bytes'),
      ]),
  },
]

/** Format 2 shows only flows in which no flag but SYN was seen. */
export const SYN_FILTER = 'proto tcp and flags S/SAFRPU'
