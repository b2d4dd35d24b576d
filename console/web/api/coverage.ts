/** How much of what the exporters sent was received, in each bin of time. */

import { z } from 'zod'
import { compileFilter } from '../../query/compile-filter.ts'
import type { Filter } from '../../query/filter/filter-tree.ts'
import { STREAMS } from '../../query/relations.ts'
import { type Ask, Parameters } from '../../query/sql.ts'
import { streamFilter } from '../../query/stream-filter.ts'
import * as value from './values.ts'

const loss = z.object({
  unit: z.string().describe('what the exporter counts: datagrams, flows, records, …'),
  cause: z.string().describe('network; network or this host; unknown: the exporter counts nothing'),
  expected: value.counter,
  received: value.counter,
  lost: value.counter,
})

export const coverageBin = z.object({
  t: value.time,
  percent: value.maybeNumber.describe(
    'of the units sent, how many were received; null: nothing was sent, or it is unknown',
  ),
  expected: value.counter.describe('units that were sent, in the streams that count them'),
  received: value.counter.describe('of these, units that were received'),
  losses: z.array(loss).describe('what was lost, by unit and cause; empty: nothing'),
})

export type CoverageBin = z.infer<typeof coverageBin>

interface Sums {
  expected: bigint
  received: bigint
  readonly losses: z.infer<typeof loss>[]
}

interface CoverageQuestion {
  readonly since: string
  readonly until: string
  /** An interval of PostgreSQL. */
  readonly step: string
  readonly t: readonly string[]
  /** A filter of flows. Streams that cannot have such flows are left out. */
  readonly filter: Filter
}

/** Asks the loss ledger, and adds up the streams of each bin. */
export async function askCoverage(
  ask: Ask,
  { since, until, step, t, filter }: CoverageQuestion,
): Promise<CoverageBin[]> {
  const parameters = new Parameters()
  const range = [since, until, step].map((value) => parameters.add(value))
  const streams = compileFilter(streamFilter(filter), STREAMS, parameters)
  const rows = await ask({
    text: `
      select bucket, unit, cause, sum(expected) as expected, sum(received) as received,
        sum(lost) as lost
      from loss_ledger(${range.join(', ')}) where ${streams}
      group by bucket, unit, cause order by bucket, unit, cause`,
    values: parameters.values,
  })
  const bins = new Map<string, Sums>()
  for (const row of rows) {
    const time = value.rfc3339(value.text(row, 'bucket'))
    const sums = bins.get(time) ?? { expected: 0n, received: 0n, losses: [] }
    bins.set(time, sums)
    if (row['lost'] != null) {
      sums.expected += BigInt(row['expected'] ?? 0)
      sums.received += BigInt(row['received'] ?? 0)
    }
    const cause = row['cause']
    if (cause != null) {
      const [expected, received, lost] = ['expected', 'received', 'lost'].map((name) =>
        value.textOrNull(row, name),
      ) as [string | null, string | null, string | null]
      sums.losses.push({ unit: value.text(row, 'unit'), cause, expected, received, lost })
    }
  }
  return t.map((time) => describe(time, bins.get(time)))
}

function describe(t: string, sums: Sums | undefined): CoverageBin {
  if (!sums) return { t, percent: null, expected: null, received: null, losses: [] }
  const { losses } = sums
  const [expected, received] = [String(sums.expected), String(sums.received)]
  if (sums.expected === 0n) return { t, percent: null, expected, received, losses }
  // Ten thousandths of a percent, rounded down: 100 only when nothing is missing.
  const percent = Number((sums.received * 1_000_000n) / sums.expected) / 10_000
  return { t, percent, expected, received, losses }
}
