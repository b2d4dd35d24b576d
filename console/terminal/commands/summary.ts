/** `netflow summary`: shows totals, means and histograms, as flow-stat and routers print them. */

import type { Command } from 'commander'
import type { Row } from '../../query/sql.ts'
import {
  BYTES_PER_FLOW,
  PACKET_SIZES,
  PACKETS_PER_FLOW,
  summaryQuery,
} from '../../query/summary.ts'
import { formatTime } from '../../query/times.ts'
import { archiveOption, examples, ranged } from '../options.ts'
import type { Answer, Column } from '../output/answer.ts'
import { parseStamp } from '../output/answer.ts'
import { formatSeconds, formatValue } from '../output/units.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const COLUMNS: readonly Column[] = [
  { name: 'what', title: 'what', kind: 'text' },
  { name: 'from', kind: 'number' },
  { name: 'to', kind: 'number' },
  { name: 'flows', title: 'flows', kind: 'count' },
  { name: 'bytes', title: 'bytes', kind: 'bytes' },
  { name: 'packets', title: 'packets', kind: 'count' },
  { name: 'first', kind: 'time' },
  { name: 'last', kind: 'time' },
  { name: 'seconds', kind: 'duration' },
  { name: 'exporters', kind: 'count' },
]

const HISTOGRAMS = [
  { kind: 'size', title: 'bytes per packet', edges: PACKET_SIZES },
  { kind: 'packets', title: 'packets per flow', edges: PACKETS_PER_FLOW },
  { kind: 'bytes', title: 'bytes per flow', edges: BYTES_PER_FLOW },
] as const

/** Adds `netflow summary`. */
export function addSummary(program: Command, run: RunCommand): void {
  ranged(program.command('summary'), 'shows totals, means and histograms')
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples('netflow summary --since today', 'netflow summary proto udp and port 53'),
    )
    .action((words: string[], options) => run(options, (terminal) => showSummary(terminal, words)))
}

async function showSummary(terminal: Terminal, words: readonly string[]): Promise<void> {
  const format = terminal.format()
  const question = { ...terminal.range(), filter: terminal.filter(words) }
  const source = await terminal.source()
  const found = await source.ask(summaryQuery(question, source.dialect))
  const total = found.find(({ kind }) => kind === 'total')
  const isEmpty = !total || total['flows'] === '0'
  if (format === 'table' && !isEmpty) {
    await terminal.print(`${describeTotal(terminal, total)}${drawHistograms(terminal, found)}`)
    return
  }
  const rows = isEmpty ? [] : found.map(withEdges)
  const answer: Answer = { columns: COLUMNS, rows: [rows], nothing: 'no flows' }
  await terminal.write(answer, format)
}

function withEdges(row: Row): Row {
  const histogram = HISTOGRAMS.find(({ kind }) => kind === row['kind'])
  const bin = row['bin']
  if (!histogram) return { ...row, what: 'total' }
  if (bin == null) return { ...row, what: histogram.title }
  const edge = (index: number) => histogram.edges[index]?.toString() ?? null
  const from = Number(bin) === 0 ? '0' : edge(Number(bin) - 1)
  return { ...row, what: histogram.title, from, to: edge(Number(bin)) }
}

function describeTotal(terminal: Terminal, total: Row): string {
  const style = terminal.style()
  const show = (name: string, kind: Column['kind']) => formatValue(total, { name, kind }, style)
  const time = (name: string) => formatTime(parseStamp(total[name] ?? ''), style.zone, 3)
  const [flows, bytes, packets] = ['flows', 'bytes', 'packets'].map((name) =>
    Number(total[name] ?? 0),
  )
  const seconds = (parseStamp(total['last'] ?? '') - parseStamp(total['first'] ?? '')) / 1000
  const mean = (sum = 0, count = 0) => (count > 0 ? (sum / count).toFixed(1) : '-')
  const rate = (factor: number, sum = 0) =>
    seconds > 0
      ? ((sum * factor) / seconds).toLocaleString('en-US', { maximumFractionDigits: 1 })
      : '-'
  const lines: readonly (readonly [string, string])[] = [
    ['flows', show('flows', 'count')],
    ['bytes', `${show('bytes', 'count')}  (${show('bytes', 'bytes')})`],
    ['packets', show('packets', 'count')],
    ['exporters', show('exporters', 'count')],
    ['first received', time('first')],
    ['last received', time('last')],
    ['time', formatSeconds(seconds)],
    ['mean duration', show('seconds', 'duration')],
    ['bytes per packet', mean(bytes, packets)],
    ['packets per flow', mean(packets, flows)],
    ['bytes per flow', mean(bytes, flows)],
    ['flows per second', rate(1, flows)],
    ['packets per second', rate(1, packets)],
    ['bits per second', rate(8, bytes)],
  ]
  const scaled = Number(total['scaled_flows'] ?? 0)
  const remark =
    scaled > 0
      ? `  (${scaled.toLocaleString('en-US')} flows are sampled, or at an unknown rate)\n`
      : ''
  return lines.map(([name, value]) => `  ${name.padEnd(20)}${value}\n`).join('') + remark
}

const HISTOGRAM_BAR = 30

function drawHistograms(terminal: Terminal, rows: readonly Row[]): string {
  const { paint } = terminal.style()
  return HISTOGRAMS.map(({ kind, title, edges }) => {
    const bins = rows.filter((row) => row['kind'] === kind && row['bin'] != null)
    const total = bins.reduce((sum, { flows }) => sum + Number(flows), 0)
    const lines = bins.map((row) => {
      const edge = edges[Number(row['bin'])]
      const label = edge === undefined ? `> ${edges.at(-1)}` : `<= ${edge}`
      const share = Number(row['flows']) / total
      const bar = '█'.repeat(Math.max(1, Math.round(share * HISTOGRAM_BAR)))
      return `  ${label.padStart(8)}  ${(share * 100).toFixed(1).padStart(5)} %  ${paint.bar(bar)}\n`
    })
    return `\n${paint.heading(title)}\n${lines.join('')}`
  }).join('')
}
