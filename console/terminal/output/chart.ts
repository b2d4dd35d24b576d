/** Draws traffic over time in a few lines. */

import { formatBytes } from '../../../shared/text-table.ts'
import type { Row } from '../../query/sql.ts'
import { formatTime } from '../../query/times.ts'
import { parseStamp } from './answer.ts'
import type { TableStyle } from './table.ts'

const HEIGHT = 6
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const LABEL_WIDTH = 12
const MAX_WIDTH = 120

interface ChartRange {
  readonly since: string
  readonly until: string
  /** 0: months and years, whose lengths differ, are not drawn. */
  readonly stepMs: number
  /** 2 when a flow counts at both ends; 1 otherwise. */
  readonly ends: number
}

/**
 * Draws the bits per second of all keys together, in lines that end with a newline; empty without
 * bins.
 */
export function formatChart(rows: readonly Row[], range: ChartRange, style: TableStyle): string {
  const { since, until, stepMs, ends } = range
  const sums = new Map<number, number>()
  for (const row of rows) {
    const bin = parseStamp(row['bucket'] ?? '')
    sums.set(bin, (sums.get(bin) ?? 0) + Number(row['bytes'] ?? 0))
  }
  const first = Math.min(...sums.keys())
  const start =
    stepMs > 0 ? first - Math.ceil((first - Date.parse(since)) / stepMs) * stepMs : first
  const bins: number[] = []
  for (let bin = start; bin < Date.parse(until) && stepMs > 0; bin += stepMs) {
    bins.push(((sums.get(bin) ?? 0) * 8000) / stepMs / ends)
  }
  if (bins.length === 0) return ''
  const width = Math.max(1, Math.min(bins.length, MAX_WIDTH, style.width - LABEL_WIDTH - 1))
  const columns = shrink(bins, width)
  const greatest = Math.max(...columns)
  const lines = Array.from({ length: HEIGHT }, (_, line) => {
    const base = HEIGHT - 1 - line
    const drawn = columns.map((value) => {
      const eighths = greatest > 0 ? Math.round((value / greatest) * HEIGHT * 8) : 0
      // The smallest value above 0 is visible, too.
      const shown = value > 0 ? Math.max(1, eighths) : 0
      return EIGHTHS[Math.max(0, Math.min(8, shown - base * 8))]
    })
    const label = line === 0 ? formatRate(greatest) : line === HEIGHT - 1 ? '0' : ''
    return `${label.padStart(LABEL_WIDTH - 1)} ${style.paint.bar(drawn.join('').trimEnd())}`.trimEnd()
  })
  const [from, to] = [start, start + bins.length * stepMs].map((ms) =>
    formatTime(ms, style.zone).slice(0, 16),
  )
  const axis = width >= 36 ? `${from}${' '.repeat(width - 32)}${to}` : `${from} to ${to}`
  return `${[...lines, `${' '.repeat(LABEL_WIDTH)}${axis}`].join('\n')}\n`
}

function formatRate(bitsPerSecond: number): string {
  return formatBytes(bitsPerSecond).replace('B', 'bit/s')
}

/** Averages neighbours where there are more bins than columns. */
function shrink(bins: readonly number[], width: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * bins.length) / width)
    const part = bins.slice(
      from,
      Math.max(from + 1, Math.floor(((column + 1) * bins.length) / width)),
    )
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}
