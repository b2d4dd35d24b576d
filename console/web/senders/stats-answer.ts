/** Answers a question for statistics from rollups and flows, exactly, in one snapshot. */

import type { Ask, Row } from '../../query/sql.ts'
import type { Family } from './name-text.ts'
import {
  cutTo,
  groupByTime,
  hullOf,
  type Level,
  levelsOf,
  type Piece,
  type Span,
  separate,
} from './pieces.ts'
import { addSideSum, readSideSum, type SideSum } from './side-sum.ts'
import type { Pair, StatsRequest } from './stats-request.ts'
import { flowSums, listSums, marginSums, partsOf, type Scope } from './stats-statements.ts'
import type { TimeKind } from './time-text.ts'

export interface StatsAnswer {
  /** By pair and side; a pair without traffic has none. */
  readonly sums: ReadonlyMap<Pair, ReadonlyMap<number, SideSum>>
  /** Pairs that nothing can answer any more, and why. */
  readonly reasons: ReadonlyMap<Pair, string>
}

const FAMILIES: readonly Family[] = ['margin', 'list', 'flow']
const KINDS: readonly TimeKind[] = ['year', 'month', 'day', 'hour', 'minute']

/** A part of the time, and the source that answers it. */
interface Part extends Span {
  readonly family: string
  readonly source: string
}

/**
 * Compiling takes longer than most answers. And the planner expects one row of what many pairs meet:
 * without hashing, 9,600 pairs took 1.6 s instead of 0.35 s.
 */
const PLANNING = ['set local jit = off', 'set local enable_nestloop = off']

/** Answers all pairs of a request about an exporter. */
export async function answerStats(
  exporter: string,
  { pairs }: StatsRequest,
  ask: Ask,
): Promise<StatsAnswer> {
  const numberOf = new Map(pairs.map((pair, number) => [pair, number]))
  for (const text of PLANNING) await ask({ text, values: [] })
  const [state] = await ask({
    text: 'select extract(epoch from settled_until)::text as since from rollup_state',
    values: [],
  })
  const flowsSinceMs = millisOf(state?.['since'] ?? '-Infinity')
  const answer = new Answer({ exporter, numberOf, flowsSinceMs }, ask)
  for (const kind of KINDS) {
    await answer.addKind(
      kind,
      pairs.filter((pair) => pair.range.kind === kind),
    )
  }
  return answer
}

class Answer implements StatsAnswer {
  readonly sums = new Map<Pair, Map<number, SideSum>>()
  readonly reasons = new Map<Pair, string>()
  readonly #scope: Scope & { readonly flowsSinceMs: number }
  readonly #pairs: readonly Pair[]
  readonly #ask: Ask

  constructor(scope: Scope & { readonly flowsSinceMs: number }, ask: Ask) {
    this.#scope = scope
    this.#pairs = [...scope.numberOf.keys()]
    this.#ask = ask
  }

  /** Answers the pairs whose times are years, or months, and so on: these do not overlap. */
  async addKind(kind: TimeKind, pairs: readonly Pair[]): Promise<void> {
    const times = groupByTime(pairs)
    if (times.length === 0) return
    const parts = await this.#findParts(times)
    const fromFlows: Piece[] = []
    for (const family of FAMILIES) {
      const asked = groupByTime(pairs.filter((pair) => pair.family === family))
      if (asked.length === 0) continue
      const of = (source: Level | 'raw') =>
        cutTo(
          asked,
          parts.filter((part) => part.family === family && part.source === source),
        )
      for (const level of ['minute', 'hour', 'day'] as const) {
        fromFlows.push(...(await this.#addLevel(level, family, of(level))))
      }
      fromFlows.push(...this.#withoutDropped(kind, of('raw')))
    }
    const pieces = separate(fromFlows)
    if (pieces.length > 0) this.#add(await this.#ask(flowSums(pieces, this.#scope)))
  }

  async #findParts(times: readonly Piece[]): Promise<readonly Part[]> {
    const { sinceMs: since, untilMs: until } = hullOf(times)
    const levels = levelsOf(times)
    const pairs = times.flatMap((time) => time.pairs)
    const families = FAMILIES.filter((family) => pairs.some((pair) => pair.family === family)).map(
      (family) => ({ family, levels: levelsFor(family, levels) }),
    )
    const rows = await this.#ask(partsOf(families, { since, until }))
    return rows.map((row) => ({
      family: row['family'] ?? '',
      source: row['source'] ?? '',
      sinceMs: millisOf(row['since']),
      untilMs: millisOf(row['until']),
    }))
  }

  /** Adds what a level of the rollups has; returns what only flows know. */
  async #addLevel(level: Level, family: Family, pieces: readonly Piece[]): Promise<Piece[]> {
    if (pieces.length === 0) return []
    if (family !== 'list' || level === 'minute') {
      this.#add(await this.#ask(marginSums(level, pieces, this.#scope)))
      return []
    }
    const rows = await this.#ask(listSums(level, pieces, this.#scope))
    this.#add(rows.filter((row) => row['bucket'] === null))
    const widthMs = level === 'hour' ? 3_600_000 : 86_400_000
    return rows
      .filter((row) => row['bucket'] !== null)
      .map((row) => {
        const sinceMs = millisOf(row['bucket'])
        return { sinceMs, untilMs: sinceMs + widthMs, pairs: [this.#pairOf(row)] }
      })
  }

  /** Leaves out times whose flows are dropped, and notes why their pairs have no answer. */
  #withoutDropped(kind: TimeKind, pieces: readonly Piece[]): Piece[] {
    const { flowsSinceMs } = this.#scope
    return pieces.filter(({ sinceMs, pairs }) => {
      if (sinceMs >= flowsSinceMs) return true
      for (const pair of pairs) this.reasons.set(pair, reasonFor(kind, pair.family))
      return false
    })
  }

  #add(rows: readonly Row[]): void {
    for (const row of rows) {
      const pair = this.#pairOf(row)
      const sides = this.sums.get(pair) ?? new Map<number, SideSum>()
      this.sums.set(pair, sides)
      const side = Number(row['side'])
      const known = sides.get(side)
      if (known) addSideSum(known, readSideSum(row))
      else sides.set(side, readSideSum(row))
    }
  }

  #pairOf(row: Row): Pair {
    return this.#pairs[Number(row['pair'])] as Pair
  }
}

/** Returns the levels that have a family, of those that fit the times. */
function levelsFor(family: Family, levels: readonly number[]): readonly number[] {
  if (family === 'flow') return []
  return family === 'list' ? levels.filter((level) => level > 0) : levels
}

/** Reads seconds as PostgreSQL writes them. */
function millisOf(seconds: string | null | undefined): number {
  return Math.round(Number(seconds) * 1000)
}

const SETTINGS: Readonly<Record<TimeKind, string>> = {
  year: 'ROLLUP_DAY_DAYS',
  month: 'ROLLUP_DAY_DAYS',
  day: 'ROLLUP_DAY_DAYS',
  hour: 'ROLLUP_HOUR_DAYS',
  minute: 'ROLLUP_MINUTE_DAYS',
}

function reasonFor(kind: TimeKind, family: Family): string {
  if (family === 'flow') return 'ports are kept for RETENTION_DAYS'
  if (family === 'list') return `${kind}s of single keys are kept for RETENTION_DAYS`
  return `${kind}s are kept for RETENTION_DAYS and ${SETTINGS[kind]}`
}
