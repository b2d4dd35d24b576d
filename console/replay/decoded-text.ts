/** Formats decoded datagrams: as indented text for people, or as one JSON object a line. */

import type { Flow } from '../../writer/netflow/library.ts'
import type { DecodedMessage } from './decoded-message.ts'

const VERSION_NAMES: ReadonlyMap<number, string> = new Map([[10, 'IPFIX']])
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
])
/** Columns that have their own place in a line, or none. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['received_at', 'exporter', 'observation_domain', 'export_version', 'protocol', 'extra'],
  ...['src_addr', 'dst_addr', 'src_port', 'dst_port', 'flow_start', 'flow_end'],
])

/** Returns a JSON object, without a newline; integers beyond 2⁵³ are text. */
export function decodedJson({ source, decoded, templates, options }: DecodedMessage): string {
  const { payload, receivedAtMicros, address, port } = source
  const { kind, problems } = decoded
  const head = {
    received_at: isoTime(receivedAtMicros),
    exporter: address,
    port,
    length: payload.length,
  }
  const body =
    kind === 'decoded'
      ? { ...decoded.message, templates, options, flows: decoded.flows.map(plainFlow) }
      : { rejected: decoded.reason }
  return JSON.stringify({ ...head, ...body, problems }, (_, value: unknown) => {
    if (typeof value !== 'bigint') return value
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  })
}

/** Leaves out absent fields, and writes times as text. */
function plainFlow(flow: Flow): Record<string, unknown> {
  const times = ['received_at', 'flow_start', 'flow_end']
  const entries = Object.entries(flow).filter(([, value]) => value !== null)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, times.includes(name) ? isoTime(value * 1000) : value]),
  )
}

/** Returns lines for people: the datagram, then its content, indented. */
export function decodedLines(message: DecodedMessage): string[] {
  const { source, decoded, templates, options } = message
  const from = source.address.includes(':')
    ? `[${source.address}]:${source.port}`
    : `${source.address}:${source.port}`
  const start = `${isoTime(source.receivedAtMicros)} ${from}`
  const problems = decoded.problems.map(({ code, detail }) => `  problem ${code}: ${detail}`)
  if (decoded.kind === 'rejected') {
    return [`${start} ${source.payload.length} bytes, rejected: ${decoded.reason}`, ...problems]
  }
  const { exportVersion, observationDomain, sequence, exportTime } = decoded.message
  const version = VERSION_NAMES.get(exportVersion) ?? `v${exportVersion}`
  const { waitingSets } = decoded.counts
  const waiting = waitingSets > 0 ? `, ${waitingSets} sets wait for a template` : ''
  return [
    `${start} ${version} domain ${observationDomain} sequence ${sequence} ` +
      `exported ${isoTime(exportTime * 1000)}: ${decoded.flows.length} flows${waiting}`,
    ...templates.map(({ id, kind, fields }) => {
      return `  ${kind} ${id}: ${fields.map(({ name, length }) => `${name} ${length}`).join(', ')}`
    }),
    ...options.map(({ templateId, values }) => {
      const texts = Object.entries(values).map(
        ([name, value]) => `${name} ${JSON.stringify(value)}`,
      )
      return `  options ${templateId}: ${texts.join(', ')}`
    }),
    ...decoded.flows.map(flowLine),
    ...problems,
  ]
}

function flowLine(flow: Flow): string {
  const protocol = PROTOCOLS.get(flow.protocol ?? -1) ?? `protocol ${flow.protocol ?? '-'}`
  const ends = `${endText(flow.src_addr, flow.src_port)} > ${endText(flow.dst_addr, flow.dst_port)}`
  const times = [flow.flow_start, flow.flow_end].map((ms) =>
    ms === null ? '-' : isoTime(ms * 1000),
  )
  const rest = Object.entries(flow)
    .filter(([name, value]) => value !== null && !SHOWN.has(name))
    .map(([name, value]) => `${name} ${value}`)
  const extra = Object.entries(flow.extra ?? {}).map(([name, value]) => {
    return `${name} ${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))}`
  })
  return `  flow ${protocol} ${ends} ${times.join(' to ')} ${[...rest, ...extra].join(', ')}`
}

function endText(address: string | null, port: number | null): string {
  if (port === null) return address ?? '-'
  return address?.includes(':') ? `[${address}]:${port}` : `${address ?? '-'}:${port}`
}

/** RFC 3339 with microseconds. */
function isoTime(micros: number): string {
  const whole = Math.round(micros)
  const fraction = String(((whole % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, '0')
  return new Date(Math.floor(whole / 1_000_000) * 1000)
    .toISOString()
    .replace(/000Z$/, `${fraction}Z`)
}
