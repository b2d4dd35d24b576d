/** Turns the answers of the database into the sections that the demonstration shows. */

import { styleText } from 'node:util'
import {
  drawBar,
  formatBytes,
  formatCount,
  formatShare,
  layOutTable,
  type TableColumn,
} from '../../shared/text-table.ts'
import type { ExporterShare, Gap, Share } from './queries.ts'

/** Adds colour to a text, or returns it unchanged. */
interface Paint {
  readonly title: (text: string) => string
  readonly heading: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
  readonly bar: (text: string) => string
}

/** @param colours false: every text stays unchanged */
export function createPaint(colours: boolean): Paint {
  const paintAs = (style: 'bold' | 'dim' | 'green' | 'red' | 'cyan') => (text: string) =>
    // The caller has checked the terminal.
    colours ? styleText(style, text, { validateStream: false }) : text
  return {
    title: paintAs('bold'),
    heading: paintAs('dim'),
    good: paintAs('green'),
    bad: paintAs('red'),
    faint: paintAs('dim'),
    bar: paintAs('cyan'),
  }
}

const BAR_WIDTH = 24

/** Shows shares of the traffic; the largest share has the longest bar. */
export function showShares(
  title: string,
  key: string,
  { shares, totalBytes, paint }: { shares: readonly Share[]; totalBytes: number; paint: Paint },
): string {
  const columns: TableColumn[] = [
    { title: key, align: 'left' },
    { title: 'flows', align: 'right' },
    { title: 'packets', align: 'right' },
    { title: 'bytes', align: 'right' },
    { title: 'share', align: 'right' },
  ]
  const rows = shares.map(({ name, flows, packets, bytes }) => [
    name,
    formatCount(flows),
    formatCount(packets),
    formatBytes(bytes),
    formatShare(totalBytes > 0 ? bytes / totalBytes : 0),
  ])
  const largest = Math.max(1, ...shares.map(({ bytes }) => bytes))
  const bars = shares.map(({ bytes }) => paint.bar(drawBar(bytes / largest, BAR_WIDTH)))
  return formatSection(title, layOutTable(columns, rows), { paint, bars })
}

/** Shows each exporter with the counters of its stream. */
export function showExporters(exporters: readonly ExporterShare[], paint: Paint): string {
  const columns: TableColumn[] = [
    { title: 'exporter', align: 'left' },
    { title: 'version', align: 'left' },
    { title: 'datagrams', align: 'right' },
    { title: 'flows', align: 'right' },
    { title: 'bytes', align: 'right' },
    { title: 'sampled', align: 'right' },
    { title: 'lost on the way', align: 'right' },
  ]
  const rows = exporters.map((exporter) => [
    exporter.name,
    `v${exporter.exportVersion}`,
    formatCount(exporter.datagrams),
    formatCount(exporter.flows),
    formatBytes(exporter.bytes),
    showSampling(exporter.samplingRate),
    exporter.lost === null ? 'unknown' : `${formatCount(exporter.lost)} ${exporter.sequenceUnit}`,
  ])
  return formatSection('Traffic per exporter', layOutTable(columns, rows), { paint })
}

function showSampling(rate: number | null): string {
  if (rate === null) return 'unknown'
  return rate === 1 ? 'no' : `1 in ${formatCount(rate)}`
}

/** Shows the declared gaps. */
export function showGaps(gaps: readonly Gap[], paint: Paint): string {
  const columns: TableColumn[] = [
    { title: 'exporter', align: 'left' },
    { title: 'version', align: 'left' },
    { title: 'expected', align: 'right' },
    { title: 'received', align: 'right' },
    { title: 'lost', align: 'right' },
  ]
  const rows = gaps.map((gap) => [
    gap.exporter,
    `v${gap.exportVersion}`,
    formatCount(gap.expected),
    formatCount(gap.received),
    `${formatCount(gap.lost)} ${gap.unit}`,
  ])
  return formatSection('Gaps in the sequence numbers', layOutTable(columns, rows), { paint })
}

function formatSection(
  title: string,
  [heading = '', ...lines]: readonly string[],
  { paint, bars = [] }: { paint: Paint; bars?: readonly string[] },
): string {
  const width = Math.max(...lines.map((line) => [...line].length), 0)
  const body = lines.map((line, index) => {
    const bar = bars[index]
    return bar === undefined ? line : `${line}${' '.repeat(width - [...line].length)}  ${bar}`
  })
  const shown = [paint.title(title), paint.heading(heading), ...body]
  return shown.map((line, index) => (index === 0 ? line : `  ${line}`)).join('\n')
}
