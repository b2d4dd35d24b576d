/** Answers a question for statistics from rollups and flows, exactly, in one snapshot. */

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
import type { Pair, StatsRequest } from './stats-request.ts'
import {
  flowSums,
  listSums,
  marginSums,
  partsOf,
  type Scope,
  type Statement,
  type SumRow,
} from './stats-statements.ts'
import type { TimeKind } from './time-text.ts'

/** Runs a statement in the snapshot of the question. */
export type Ask = <Row>(statement: Statement) => Promise<readonly Row[]>

/** The traffic of a pair in one direction, scaled by the sampling rate. */
export interface SideSum {
  /** null: no flow had the counter. */
  bytes: bigint | null
  packets: bigint | null
  flows: bigint
  /** Whether a rate other than 1 was in it. */
  sampled: boolean
  /** Bytes that may be missing, because lists of dropped flows do not have the value throughout. */
  leftOut: bigint
}

export interface StatsAnswer {
  /** By pair and side; a pair without traffic has none. */
  readonly sums: ReadonlyMap<Pair, ReadonlyMap<number, SideSum>>
  /** Pairs that nothing can answer any more, and why. */
  readonly reasons: ReadonlyMap<Pair, string>
}

const FAMILIES: readonly Family[] = ['margin', 'list', 'flow']
const KINDS: readonly TimeKind[] = ['year', 'month', 'day', 'hour', 'minute']

interface PartRow {
  readonly family: Family
  readonly source: Level | 'raw'
  readonly part_since: Date
  readonly part_until: Date
}

/** Answers all pairs of a request about an exporter. */
export async function answerStats(
  exporter: string,
  { pairs }: StatsRequest,
  ask: Ask,
): Promise<StatsAnswer> {
  const numberOf = new Map(pairs.map((pair, number) => [pair, number]))
  const [state] = await ask<{ since: string }>({
    text: 'select extract(epoch from settled_until)::text as since from rollup_state',
    values: [],
  })
  const flowsSinceMs = Number(state?.since ?? Number.NEGATIVE_INFINITY) * 1000
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
      const of = (source: PartRow['source']) =>
        cutTo(
          asked,
          spansOf(parts.filter((part) => part.family === family && part.source === source)),
        )
      for (const level of ['minute', 'hour', 'day'] as const) {
        fromFlows.push(...(await this.#addLevel(level, family, of(level))))
      }
      fromFlows.push(...this.#withoutDropped(kind, of('raw')))
    }
    const pieces = separate(fromFlows)
    if (pieces.length > 0) this.#add(await this.#ask<SumRow>(flowSums(pieces, this.#scope)))
  }

  async #findParts(times: readonly Piece[]): Promise<readonly PartRow[]> {
    const { sinceMs: since, untilMs: until } = hullOf(times)
    const levels = levelsOf(times)
    const pairs = times.flatMap((time) => time.pairs)
    const families = FAMILIES.filter((family) => pairs.some((pair) => pair.family === family)).map(
      (family) => ({ family, levels: levelsFor(family, levels) }),
    )
    return this.#ask<PartRow>(partsOf(families, { since, until }))
  }

  /** Adds what a level of the rollups has; returns what only flows know. */
  async #addLevel(level: Level, family: Family, pieces: readonly Piece[]): Promise<Piece[]> {
    if (pieces.length === 0) return []
    if (family !== 'list' || level === 'minute') {
      this.#add(await this.#ask<SumRow>(marginSums(level, pieces, this.#scope)))
      return []
    }
    const rows = await this.#ask<SumRow>(listSums(level, pieces, this.#scope))
    this.#add(rows.filter(({ bucket }) => bucket === null))
    const widthMs = level === 'hour' ? 3_600_000 : 86_400_000
    return rows.flatMap(({ pair, bucket }) => {
      if (!bucket) return []
      const sinceMs = bucket.getTime()
      return [{ sinceMs, untilMs: sinceMs + widthMs, pairs: [this.#pairs[pair] as Pair] }]
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

  #add(rows: readonly SumRow[]): void {
    for (const row of rows) {
      const pair = this.#pairs[row.pair] as Pair
      const sides = this.sums.get(pair) ?? new Map<number, SideSum>()
      this.sums.set(pair, sides)
      const known = sides.get(row.side)
      if (!known) sides.set(row.side, sideSumOf(row))
      else {
        const { bytes, packets, flows, sampled, leftOut } = sideSumOf(row)
        known.bytes = addCounters(known.bytes, bytes)
        known.packets = addCounters(known.packets, packets)
        known.flows += flows
        known.sampled ||= sampled
        known.leftOut += leftOut
      }
    }
  }
}

/** Returns the levels that have a family, of those that fit the times. */
function levelsFor(family: Family, levels: readonly number[]): readonly number[] {
  if (family === 'flow') return []
  return family === 'list' ? levels.filter((level) => level > 0) : levels
}

function spansOf(parts: readonly PartRow[]): Span[] {
  return parts.map(({ part_since, part_until }) => ({
    sinceMs: part_since.getTime(),
    untilMs: part_until.getTime(),
  }))
}

function sideSumOf({ bytes, packets, flows, sampled, left_out }: SumRow): SideSum {
  return {
    bytes: bytes === null ? null : BigInt(bytes),
    packets: packets === null ? null : BigInt(packets),
    flows: BigInt(flows),
    sampled,
    leftOut: BigInt(left_out ?? 0),
  }
}

function addCounters(one: bigint | null, other: bigint | null): bigint | null {
  if (one === null) return other
  return other === null ? one : one + other
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
