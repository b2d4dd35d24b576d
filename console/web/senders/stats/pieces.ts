/** Cuts times into pieces; one source answers each: a level of the rollups, or flows. Pure. */

import type { Pair } from './stats-request.ts'

export const LEVELS = ['minute', 'hour', 'day'] as const
export type Level = (typeof LEVELS)[number]

/** How long a bucket of a level is. */
export const LEVEL_MS: Readonly<Record<Level, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
}

export interface Span {
  readonly sinceMs: number
  readonly untilMs: number
}

/** A piece of time, and the pairs that need its sums. */
export interface Piece extends Span {
  readonly pairs: readonly Pair[]
}

/** Returns the numbers of the levels whose buckets never cross an end of a span. */
export function levelsOf(spans: readonly Span[]): number[] {
  const ends = spans.flatMap(({ sinceMs, untilMs }) => [sinceMs, untilMs])
  return LEVELS.flatMap((level, number) =>
    ends.every((end) => end % LEVEL_MS[level] === 0) ? [number] : [],
  )
}

/** Returns the span from the first to the last of the spans. */
export function hullOf(spans: readonly Span[]): Span {
  return {
    sinceMs: spans.reduce(
      (least, { sinceMs }) => Math.min(least, sinceMs),
      Number.POSITIVE_INFINITY,
    ),
    untilMs: spans.reduce((most, { untilMs }) => Math.max(most, untilMs), Number.NEGATIVE_INFINITY),
  }
}

/** Groups pairs by their time, the earliest first. Times of one kind do not overlap. */
export function groupByTime(pairs: readonly Pair[]): Piece[] {
  const groups = new Map<number, { range: Span; pairs: Pair[] }>()
  for (const pair of pairs) {
    const group = groups.get(pair.range.sinceMs)
    // A time that clocks skip is empty.
    if (pair.range.sinceMs === pair.range.untilMs) continue
    if (group) group.pairs.push(pair)
    else groups.set(pair.range.sinceMs, { range: pair.range, pairs: [pair] })
  }
  return [...groups.values()]
    .map(({ range: { sinceMs, untilMs }, pairs }) => ({ sinceMs, untilMs, pairs }))
    .sort((one, other) => one.sinceMs - other.sinceMs)
}

/** Cuts pieces to the parts that lie in spans. Both are in order and without overlaps. */
export function cutTo(pieces: readonly Piece[], spans: readonly Span[]): Piece[] {
  const cut: Piece[] = []
  let first = 0
  for (const { sinceMs, untilMs, pairs } of pieces) {
    while (first < spans.length && (spans[first] as Span).untilMs <= sinceMs) first += 1
    for (let index = first; index < spans.length; index += 1) {
      const span = spans[index] as Span
      if (span.sinceMs >= untilMs) break
      cut.push({
        sinceMs: Math.max(sinceMs, span.sinceMs),
        untilMs: Math.min(untilMs, span.untilMs),
        pairs,
      })
    }
  }
  return cut
}

/** Cuts overlapping pieces wherever one begins or ends; equal pieces become one with all pairs. */
export function separateOverlaps(pieces: readonly Piece[]): Piece[] {
  const edges = [...new Set(pieces.flatMap(({ sinceMs, untilMs }) => [sinceMs, untilMs]))]
  edges.sort((one, other) => one - other)
  const place = new Map(edges.map((edge, index) => [edge, index]))
  const found: { sinceMs: number; untilMs: number; pairs: Pair[] }[] = []
  const at = new Map<number, Pair[]>()
  for (const { sinceMs, untilMs, pairs } of pieces) {
    const last = place.get(untilMs) as number
    for (let index = place.get(sinceMs) as number; index < last; index += 1) {
      const known = at.get(index)
      if (known) known.push(...pairs)
      else at.set(index, [...pairs])
    }
  }
  for (const [index, pairs] of [...at].sort(([one], [other]) => one - other)) {
    found.push({ sinceMs: edges[index] as number, untilMs: edges[index + 1] as number, pairs })
  }
  return found
}

/** Joins spans in order until at most `count` are left, those with the smallest gaps first. */
export function joinNearest(spans: readonly Span[], count: number): Span[] {
  const gaps = spans.slice(1).map(({ sinceMs }, index) => sinceMs - (spans[index] as Span).untilMs)
  const kept = gaps.filter((gap) => gap > 0).sort((one, other) => other - one)
  const widest = kept[count - 1] ?? 0
  const joined: { sinceMs: number; untilMs: number }[] = []
  for (const { sinceMs, untilMs } of spans) {
    const last = joined.at(-1)
    if (last && sinceMs - last.untilMs <= widest) last.untilMs = untilMs
    else joined.push({ sinceMs, untilMs })
  }
  return joined
}
