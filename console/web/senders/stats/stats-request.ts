/** Reads a request for statistics: prefixes, times and names, with each pair only once. */

import { z } from 'zod'
import { readNetworkText } from '../prefixes.ts'
import { SendersError } from '../senders-error.ts'
import { type Family, readName } from './name-text.ts'
import { readTimeText, type TimeRange } from './time-text.ts'

/** How much one request may ask: times × names. */
const MAX_PAIRS = 10_000

const TIME_KEY = z.union([z.string(), z.record(z.string(), z.array(z.string()))], {
  error: 'expected a time, or an object with a time and its names',
})

/** By prefix, then by any label. The length of a time's text says what it means. */
export const STATS_BODY = z.record(z.string(), z.record(z.string(), z.array(TIME_KEY)))

/** The smallest question: the traffic of a field's value in a time, under a prefix. */
export interface Pair {
  readonly cidr: string
  readonly range: TimeRange
  readonly field: number
  readonly family: Family
  readonly value: string
}

/** An entry of the reply: a time as it was asked, and its names. */
interface AskedTime {
  readonly time: string
  /** Names as they were asked, and the pairs that answer them. */
  readonly names: readonly { readonly name: string; readonly pair: Pair }[]
}

interface AskedPrefix {
  /** As it was asked. */
  readonly prefix: string
  readonly cidr: string
  readonly labels: readonly { readonly label: string; readonly times: readonly AskedTime[] }[]
}

export interface StatsRequest {
  readonly prefixes: readonly AskedPrefix[]
  readonly pairs: readonly Pair[]
}

/** @throws SendersError 400 for a prefix, 422 for a time or name, or for too many */
export function readStatsRequest(body: z.infer<typeof STATS_BODY>, zone: string): StatsRequest {
  const pairs = new PairSet()
  const prefixes = Object.entries(body).map(([prefix, lists]) => {
    const cidr = readNetworkText(prefix, prefix)
    const labels = Object.entries(lists).map(([label, keys]) => ({
      label,
      times: keys.map((key, index): AskedTime => {
        const where = `${prefix}.${label}.${index}`
        const [time, names] = readTimeKey(key, where)
        const range = readTimeText(time, zone, where)
        const asked = names.map((name) => ({
          name,
          pair: pairs.add({ cidr, range, ...readName(name, where) }),
        }))
        return { time, names: asked }
      }),
    }))
    return { prefix, cidr, labels }
  })
  return { prefixes, pairs: pairs.all }
}

function readTimeKey(
  key: z.infer<typeof TIME_KEY>,
  where: string,
): readonly [time: string, names: readonly string[]] {
  if (typeof key === 'string') return [key, ['all']]
  const [entry, ...more] = Object.entries(key)
  if (!entry || more.length > 0) {
    throw new SendersError(400, 'expected exactly one time in the object', { where })
  }
  return entry
}

/** The pairs of a request. Two spellings of the same pair are one. */
class PairSet {
  readonly #pairs = new Map<string, Pair>()
  #asked = 0

  get all(): readonly Pair[] {
    return [...this.#pairs.values()]
  }

  add(pair: Pair): Pair {
    this.#asked += 1
    if (this.#asked > MAX_PAIRS) {
      throw new SendersError(422, `a request may ask ${MAX_PAIRS} times × names: ask more often`)
    }
    const { cidr, range, field, value } = pair
    const key = `${cidr} ${range.sinceMs} ${range.untilMs} ${range.kind} ${field} ${value}`
    const known = this.#pairs.get(key)
    if (known) return known
    this.#pairs.set(key, pair)
    return pair
  }
}
