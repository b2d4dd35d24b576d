/** Formats conversations as python-netflow's analyzer prints them. */

import type { Row } from '../../query/sql.ts'
import { formatTime } from '../../query/times.ts'
import { parseStamp } from '../output/answer.ts'
import { safeText } from '../output/safe-text.ts'
import type { Style } from '../output/units.ts'
import type { LineFormat } from './fmt.ts'

const layOut = (parts: readonly string[]) =>
  parts.map((part, index) => part.padEnd([19, 14, 8, 9, 7][index] ?? 0)).join(' | ')

/** Both lines of the heading. */
const HEADING = `${layOut([
  ...['Timestamp', 'Service', 'Size', 'Duration', 'Packets', 'Involved hosts'],
])}\n${'-'.repeat(100)}`

/** Formats a conversation, with names of hosts before their addresses. */
function formatConversation(row: Row, style: Style): string {
  const started = formatTime(parseStamp(row['started_at'] ?? ''), style.zone)
  const host = (name: string) => {
    const address = row[name] ?? ''
    return `${safeText(style.nameOf?.(address) ?? address)} (${address})`
  }
  return layOut([
    started.replace(/:(\d\d)$/, '.$1'),
    nameService(row),
    formatSize(Number(row['bytes'] ?? 0)),
    formatLength(Math.floor(Number(row['seconds'] ?? 0))),
    row['packets'] ?? '0',
    `Between ${host('client')} and ${host('server')}`,
  ])
}

function nameService(row: Row): string {
  const { service, server_port: server, client_port: client } = row as Record<string, string | null>
  if (service) return service.toUpperCase()
  if (server == null && client == null)
    return (row['protocol_name'] ?? row['protocol'] ?? '').toUpperCase()
  return `(${client ?? 0} ${server ?? 0})`
}

/** Formats a size in units of 1024: 312B, 4.25M. */
function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  let value = bytes / 1024
  for (const unit of ['K', 'M', 'G']) {
    if (value < 1024) return `${value.toFixed(2)}${unit}`
    value /= 1024
  }
  return `${value.toFixed(2)}T`
}

/** Formats a duration: 3 sec, 15:27 min, 1:23.09 hours. */
function formatLength(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds < 60) return `${seconds} sec`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${two(seconds % 60)} min`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}.${two(seconds % 60)} hours`
}

export const ANALYZER: LineFormat = { heading: HEADING, line: formatConversation }
