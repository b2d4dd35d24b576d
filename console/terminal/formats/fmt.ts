/**
 * Formats flows as nfdump does: `line`, `long`, `extended`, `fmt:` with tokens, and a `short` one
 * of ours.
 */

import type { Row } from '../../query/sql.ts'
import { formatTime } from '../../query/times.ts'
import { parseStamp } from '../output/answer.ts'
import { safeText } from '../output/safe-text.ts'
import type { Style } from '../output/units.ts'

/** The formats with a name, as tokens. */
export const NAMED_LINES: Readonly<Record<string, string>> = {
  short: '%clk %pr %sap %dap %pkt %byt',
  line: '%ts %td %pr %sap -> %dap %pkt %byt %fl',
  long: '%ts %td %pr %sap -> %dap %flg %tos %pkt %byt %fl',
  extended: '%ts %td %pr %sap -> %dap %flg %tos %pkt %byt %pps %bps %bpp %fl',
}

interface Token {
  readonly title: string
  /** The width of the column; negative: aligned to the left. */
  readonly width: number
  readonly value: (row: Row, style: Style) => string
}

const column = (name: string) => (row: Row) => safeText(row[name] ?? '')
/** nfdump prints 0 for a value that was not sent. */
const orZero = (name: string) => (row: Row) => row[name] ?? '0'
const time =
  (name: string) =>
  (row: Row, { zone }: Style) => {
    const stamp = row[name]
    return stamp == null ? '' : formatTime(parseStamp(stamp), zone, 3)
  }
const timeOfDay = (row: Row, { zone }: Style) => {
  const stamp = row['flow_start'] ?? row['received_at']
  return stamp == null ? '' : formatTime(parseStamp(stamp), zone).slice('2026-11-28 '.length)
}
const address =
  (name: string) =>
  (row: Row, { nameOf }: Style) => {
    const found = row[name] ?? ''
    return safeText(nameOf?.(found) ?? found)
  }
const counter = (name: string) => (row: Row, style: Style) => scale(Number(row[name] ?? 0), style)

/** Formats a port. With ICMP, type and code replace the destination's port. */
function port(row: Row, end: 'src' | 'dst'): string {
  const isIcmp = end === 'dst' && row['icmp_type'] != null
  return isIcmp ? `${row['icmp_type']}.${row['icmp_code'] ?? 0}` : (row[`${end}_port`] ?? '0')
}

const addressAndPort = (end: 'src' | 'dst') => (row: Row, style: Style) => {
  const text = address(`${end}_addr`)(row, style)
  // A colon is a part of IPv6 addresses.
  const mark = (row[`${end}_addr`] ?? '').includes(':') ? '.' : ':'
  return `${text.padStart(16)}${mark}${port(row, end).padEnd(5)}`
}

/** Formats a duration: 00:00:12.345. */
function clock(seconds: number): string {
  const whole = Math.trunc(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  const fraction = (seconds - whole).toFixed(3).slice(1)
  return `${two(Math.trunc(whole / 3600))}:${two(Math.trunc(whole / 60) % 60)}:${two(whole % 60)}${fraction}`
}

const rate = (name: string, factor: number) => (row: Row, style: Style) => {
  const seconds = Number(row['seconds'] ?? 0)
  return scale(seconds > 0 ? Math.trunc((Number(row[name] ?? 0) * factor) / seconds) : 0, style)
}

function bytesPerPacket(row: Row): string {
  const packets = Number(row['packets'] ?? 0)
  return String(packets > 0 ? Math.trunc(Number(row['bytes'] ?? 0) / packets) : 0)
}

/** Writes numbers from a million on with a unit. */
function scale(value: number, { plain }: Style): string {
  if (plain || value < 1e6) return String(value)
  for (const [unit, size] of [
    ['T', 1e12],
    ['G', 1e9],
  ] as const) {
    if (value >= size) return `${(value / size).toFixed(1)} ${unit}`
  }
  return `${(value / 1e6).toFixed(1)} M`
}

const TOKENS: Readonly<Record<string, Token>> = {
  ts: { title: 'Date first seen', width: -23, value: time('flow_start') },
  te: { title: 'Date last seen', width: -23, value: time('flow_end') },
  tr: { title: 'Date flow received', width: -23, value: time('received_at') },
  clk: { title: 'Time', width: -8, value: timeOfDay },
  td: { title: 'Duration    ', width: 16, value: (row) => clock(Number(row['seconds'] ?? 0)) },
  pr: {
    title: 'Proto',
    width: -5,
    value: (row) => (row['protocol_name'] ?? row['protocol'] ?? '0').toUpperCase(),
  },
  sa: { title: 'Src IP Addr', width: 16, value: address('src_addr') },
  da: { title: 'Dst IP Addr', width: 16, value: address('dst_addr') },
  sap: { title: 'Src IP Addr:Port', width: 22, value: addressAndPort('src') },
  dap: { title: 'Dst IP Addr:Port', width: 22, value: addressAndPort('dst') },
  sp: { title: 'Src Pt', width: 6, value: (row) => port(row, 'src') },
  dp: { title: 'Dst Pt', width: 6, value: (row) => port(row, 'dst') },
  nh: { title: 'Next-hop IP', width: 16, value: address('next_hop') },
  ra: { title: 'Router IP', width: 16, value: address('exporter') },
  sas: { title: 'Src AS', width: 6, value: orZero('src_as') },
  das: { title: 'Dst AS', width: 6, value: orZero('dst_as') },
  smk: { title: 'SMask', width: 5, value: orZero('src_mask') },
  dmk: { title: 'DMask', width: 5, value: orZero('dst_mask') },
  svln: { title: 'SVlan', width: 5, value: orZero('src_vlan') },
  dvln: { title: 'DVlan', width: 5, value: orZero('dst_vlan') },
  smac: { title: 'Src MAC Addr', width: 17, value: column('src_mac') },
  dmac: { title: 'Dst MAC Addr', width: 17, value: column('dst_mac') },
  in: { title: 'Input', width: 6, value: orZero('input_if') },
  out: { title: 'Output', width: 6, value: orZero('output_if') },
  inam: { title: 'Input name', width: -12, value: column('input_name') },
  onam: { title: 'Output name', width: -12, value: column('output_name') },
  pkt: { title: 'Packets', width: 8, value: counter('packets') },
  ipkt: { title: 'In Pkt', width: 8, value: counter('packets') },
  byt: { title: 'Bytes', width: 8, value: counter('bytes') },
  ibyt: { title: 'In Byte', width: 8, value: counter('bytes') },
  fl: { title: 'Flows', width: 5, value: () => '1' },
  flg: { title: 'Flags', width: 8, value: (row) => row['tcp_flag_letters'] ?? '........' },
  tos: { title: 'Tos', width: 3, value: orZero('tos') },
  dir: { title: 'Dir', width: 3, value: (row) => (row['direction'] === 'egress' ? 'E' : 'I') },
  fwd: { title: 'Fwd', width: 3, value: orZero('forwarding_status') },
  evt: { title: 'Event', width: -10, value: column('event_name') },
  bps: { title: 'bps', width: 8, value: rate('bytes', 8) },
  pps: { title: 'pps', width: 8, value: rate('packets', 1) },
  bpp: { title: 'Bpp', width: 6, value: bytesPerPacket },
}

/** The tokens of `fmt:`. */
export const TOKEN_NAMES: readonly string[] = Object.keys(TOKENS)

type Part = string | Token

export interface LineFormat {
  readonly heading: string
  readonly line: (row: Row, style: Style) => string
}

/**
 * Reads a format of texts and tokens, such as `%ts %byt`.
 *
 * @returns a text, if it has an unknown token: that token
 */
export function parseLineFormat(format: string): LineFormat | string {
  const parts: Part[] = []
  for (const text of format.split(/(%[a-z]+)/)) {
    const token = text.startsWith('%') ? TOKENS[text.slice(1)] : text
    if (token === undefined) return text
    parts.push(token)
  }
  const join = (show: (token: Token) => string) =>
    parts
      .map((part) => (typeof part === 'string' ? part : pad(show(part), part.width)))
      .join('')
      .trimEnd()
  return {
    heading: join(({ title }) => title),
    line: (row, style) => join(({ value }) => value(row, style)),
  }
}

function pad(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width)
}
