/** Makes the reply to a request for statistics, in the shape of the request. */

import type { SideSum } from './side-sum.ts'
import type { StatsAnswer } from './stats-answer.ts'
import type { Pair, StatsRequest } from './stats-request.ts'

const DIRECTIONS = ['in', 'out', 'in:local', 'out:local'] as const

/** Many readers of JSON round numbers beyond this. */
const LARGEST_NUMBER = BigInt(Number.MAX_SAFE_INTEGER)

/** Returns the reply as an object for JSON. Counters beyond 2⁵³ are decimal texts. */
export function makeStatsReply({ prefixes }: StatsRequest, answer: StatsAnswer): object {
  return Object.fromEntries(
    prefixes.map(({ prefix, labels }) => [
      prefix,
      Object.fromEntries(
        labels.map(({ label, times }) => [
          label,
          times.map(({ time, names }) => ({
            [time]: names.flatMap(({ name, pair }) => entriesOf(name, pair, answer)),
          })),
        ]),
      ),
    ]),
  )
}

function entriesOf(name: string, pair: Pair, { sums, reasons }: StatsAnswer): object[] {
  const reason = reasons.get(pair)
  if (reason !== undefined) return [{ name, bytes: null, pkts: null, flows: null, reason }]
  const sides = [...(sums.get(pair) ?? [])].sort(([one], [other]) => one - other)
  return sides.map(([side, sum]) => ({
    name,
    bytes: numberOf(sum.bytes),
    pkts: numberOf(sum.packets),
    direction: DIRECTIONS[side],
    flows: numberOf(sum.flows),
    ...(sum.sampled ? { sampled: true } : {}),
    ...boundOf(sum),
  }))
}

/** Returns the members that say how large a sum may be; none for an exact sum. */
function boundOf({ bytes, leftOut }: SideSum): object {
  if (leftOut === 0n) return {}
  return { exact: false, at_most: numberOf((bytes ?? 0n) + leftOut) }
}

function numberOf(counter: bigint | null): number | string | null {
  if (counter === null) return null
  return counter <= LARGEST_NUMBER ? Number(counter) : counter.toString()
}
