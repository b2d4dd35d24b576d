/** The areas of the chart, stacked on each other. Pure. */

import type { TrafficReply } from '../../api/traffic.ts'
import { rateFactor } from '../format.ts'

export interface Area {
  /** The key, as in the URL; '' for a key that was not sent. */
  readonly id: string
  readonly name: string
  /** Rates by bin, in the unit shown. */
  readonly rates: readonly number[]
  readonly average: number
  readonly max: number
  readonly p95: number
  /** A decimal text; null: not sent. */
  readonly total: string | null
  readonly isOther: boolean
}

/** Returns the begins of bins, in Unix seconds. */
export const binTimes = ({ t }: TrafficReply): number[] => t.map((time) => Date.parse(time) / 1000)

/** Returns how long each bin is within the range, in seconds. */
export function binSeconds({ t, since, until }: TrafficReply): number[] {
  const [from, to] = [Date.parse(since), Date.parse(until)]
  return t.map((begin, index) => {
    const next = t[index + 1]
    const end = Math.min(next === undefined ? to : Date.parse(next), to)
    return Math.max(1, (end - Math.max(Date.parse(begin), from)) / 1000)
  })
}

/** Returns the areas of a reply, the greatest first, `other` last. */
export function areasOf(reply: TrafficReply): Area[] {
  const seconds = binSeconds(reply)
  const factor = rateFactor(reply.unit)
  const describe = (row: TrafficReply['rows'][number], isOther: boolean): Area => ({
    id: isOther ? 'other' : (row.key ?? ''),
    name: isOther ? 'other' : row.name || row.key || 'not sent',
    rates: row.values.map((value, bin) => (Number(value ?? 0) * factor) / (seconds[bin] ?? 1)),
    average: row.average * factor,
    max: row.max * factor,
    p95: row.p95 * factor,
    total: row.total,
    isOther,
  })
  const areas = reply.rows.map((row) => describe(row, false))
  return reply.other ? [...areas, describe(reply.other, true)] : areas
}

/** Returns the upper edge of each area: the last area lies at the bottom, the first on top. */
export function stack(areas: readonly Area[]): number[][] {
  const edges: number[][] = []
  let below: readonly number[] = []
  for (const { rates } of areas.toReversed()) {
    const edge = rates.map((rate, bin) => rate + (below[bin] ?? 0))
    edges.unshift(edge)
    below = edge
  }
  return edges
}

/** Returns the sum of all areas by bin. */
export function sumRates(areas: readonly Area[]): number[] {
  const [first] = areas
  return (first?.rates ?? []).map((_, bin) =>
    areas.reduce((sum, { rates }) => sum + (rates[bin] ?? 0), 0),
  )
}
