/**
 * The statements for statistics: one for each source. A statement gets pieces of time and the pairs
 * wanted in each, and returns sums by pair and side.
 *
 * Counters are grouped by rate first and multiplied as numeric, so that no record can overflow them.
 * All values come back as text.
 */

import type { Sql } from '../../../query/sql.ts'
import type { Family } from './name-text.ts'
import { joinNearest, LEVELS, type Level, type Piece } from './pieces.ts'
import type { Pair } from './stats-request.ts'

/** The exporter, and the numbers by which statements and their rows name pairs. */
export interface Scope {
  readonly exporter: string
  readonly numberOf: ReadonlyMap<Pair, number>
}

const stamp = (ms: number) => new Date(ms).toISOString()

/** Returns the parameters: $1 is the exporter, $2 to $6 are the wanted pairs, $7 and $8 the pieces. */
function valuesOf(pieces: readonly Piece[], { exporter, numberOf }: Scope): unknown[] {
  const wanted = pieces.flatMap(({ pairs }, piece) => pairs.map((pair) => ({ piece, pair })))
  return [
    exporter,
    wanted.map(({ pair }) => numberOf.get(pair)),
    wanted.map(({ piece }) => piece + 1),
    wanted.map(({ pair }) => pair.cidr),
    wanted.map(({ pair }) => pair.field),
    wanted.map(({ pair }) => pair.value),
    pieces.map(({ sinceMs }) => stamp(sinceMs)),
    pieces.map(({ untilMs }) => stamp(untilMs)),
  ]
}

// PostgreSQL writes each address in one way, however it was spelt.
const WANTED = `
  wanted as materialized (
    select pair, piece, prefix, field,
      case when field in (9, 10) then host(value::inet) else value end as value
    from unnest($2::int[], $3::int[], $4::cidr[], $5::smallint[], $6::text[])
      as wanted (pair, piece, prefix, field, value)
  ),
  chosen as materialized (
    select array_agg(distinct prefix) as prefixes, array_agg(distinct field) as fields from wanted
  )`

const PIECES = `
  pieces as materialized (
    select since, until, ordinality::int as piece
    from unnest($7::timestamptz[], $8::timestamptz[]) with ordinality as pieces (since, until)
  )`

const SUMS = `
  sum(bytes * rate)::text as bytes, sum(packets * rate)::text as packets,
  sum(flows)::text as flows, bool_or(rate <> 1)::text as sampled`

/** Sums margins of a level. */
export function marginSums(level: Level, pieces: readonly Piece[], scope: Scope): Sql {
  const text = `
    with ${WANTED}, ${PIECES},
    -- Apart from the join, where the planner would search all pairs for each piece.
    found as materialized (
      select pieces.piece, sums.*
      from pieces cross join chosen
      cross join lateral (
        select prefix, side, field, coalesce(number::text, '') as value,
          coalesce(sampling_rate, 1) as rate,
          sum(bytes) as bytes, sum(packets) as packets, sum(flows) as flows
        from rollup_${level}
        where field = any(chosen.fields) and bucket >= pieces.since and bucket < pieces.until
          and exporter = $1 and prefix = any(chosen.prefixes)
        group by 1, 2, 3, 4, 5
      ) as sums
    )
    select wanted.pair, found.side, ${SUMS}
    from found join wanted using (piece, prefix, field, value)
    group by wanted.pair, found.side`
  return { text, values: valuesOf(pieces, scope) }
}

/**
 * Sums the lists of a level. A value that an incomplete list lacks may still have traffic. While flows
 * are stored (from $9 on), such a bucket is returned, to be read from flows.
 */
export function listSums(
  level: 'hour' | 'day',
  pieces: readonly Piece[],
  scope: Scope & { readonly flowsSinceMs: number },
): Sql {
  const inPiece = `bucket >= pieces.since and bucket < pieces.until and exporter = $1
          and field = any(chosen.fields) and prefix = any(chosen.prefixes)`
  const text = `
    with ${WANTED}, ${PIECES},
    lists as materialized (
      select pieces.piece, list.*
      from pieces cross join chosen
      cross join lateral (
        select bucket, prefix, side, field, coalesce(sampling_rate, 0) as known_rate,
          coalesce(least_bytes, 0) as least, keys > listed as is_cut
        from rollup_lists where level = ${LEVELS.indexOf(level)} and ${inPiece}
        -- Keeps the search by piece and index: the planner would read all times.
        offset 0
      ) as list
    ),
    listed as materialized (
      select pieces.piece, entry.*
      from pieces cross join chosen
      cross join lateral (
        select bucket, prefix, side, field, coalesce(sampling_rate, 0) as known_rate,
          coalesce(number::text, host(address)) as value, bytes, packets, flows
        from rollup_${level} where ${inPiece}
        offset 0
      ) as entry
      where (field, value) in (select field, value from wanted)
    ),
    cells as (
      select wanted.pair, lists.bucket, lists.side, lists.least,
        case lists.known_rate when 0 then 1 else lists.known_rate end as rate,
        listed.bytes, listed.packets, listed.flows,
        lists.is_cut and listed.flows is null as is_missing
      from lists
      join wanted using (piece, prefix, field)
      left join listed using (piece, bucket, prefix, side, field, known_rate, value)
    ),
    judged as materialized (
      select *, bucket >= $9 and bool_or(is_missing) over (partition by pair, bucket) as is_open
      from cells
    )
    select pair, side, sum(bytes * rate)::text as bytes, sum(packets * rate)::text as packets,
      coalesce(sum(flows), 0)::text as flows,
      coalesce(bool_or(rate <> 1) filter (where flows is not null), false)::text as sampled,
      sum(least * rate) filter (where is_missing)::text as left_out, null as bucket
    from judged where not is_open
    group by pair, side having count(flows) > 0 or bool_or(is_missing)
    union all
    select distinct pair, 0, null, null, '0', 'false', null, extract(epoch from bucket)::text
    from judged where is_open`
  return { text, values: [...valuesOf(pieces, scope), flowsSince(scope.flowsSinceMs)] }
}

function flowsSince(ms: number): string {
  return Number.isFinite(ms) ? stamp(ms) : '-infinity'
}

/** The value of a field in `prefix_flows`, as text. */
const FLOW_VALUES: Readonly<Record<number, string>> = {
  0: `''`,
  1: 'protocol::text',
  6: 'src_as::text',
  7: 'dst_as::text',
  9: 'host(src_addr)',
  10: 'host(dst_addr)',
  11: 'src_port::text',
  12: 'dst_port::text',
}

/** The column that finds a value of a field, by an index where there is one. */
const FLOW_COLUMNS: Readonly<Record<number, readonly [column: string, type: string]>> = {
  1: ['protocol', 'smallint'],
  6: ['src_as', 'bigint'],
  7: ['dst_as', 'bigint'],
  9: ['src_addr', 'inet'],
  10: ['dst_addr', 'inet'],
  11: ['src_port', 'integer'],
  12: ['dst_port', 'integer'],
}

/** Planning more parts of a query takes longer than reading more flows. */
const MAX_SPANS = 32

/** Sums flows. The pieces must not overlap. */
export function flowSums(pieces: readonly Piece[], scope: Scope): Sql {
  const pairs = pieces.flatMap((piece) => piece.pairs)
  const fields = [...new Set(pairs.map(({ field }) => field))]
  const values = valuesOf(pieces, scope)
  const filters = fields.map((field) => {
    const [column, type] = FLOW_COLUMNS[field] ?? []
    if (column === undefined) return 'true'
    values.push([
      ...new Set(pairs.filter((pair) => pair.field === field).map(({ value }) => value)),
    ])
    return `${column} = any($${values.length}::${type}[])`
  })
  // Times are constants, so that the planner reads only the partitions that it needs.
  const branches = joinNearest(pieces, MAX_SPANS).map(
    ({ sinceMs, untilMs }) => `
      select received_at, prefix, side, coalesce(sampling_rate, 1) as rate, bytes, packets,
        ${fields.map((field) => `${FLOW_VALUES[field]} as value_${field}`).join(', ')}
      from prefix_flows
      where exporter = $1 and prefix = any((select prefixes from chosen)::cidr[])
        and received_at >= '${stamp(sinceMs)}' and received_at < '${stamp(untilMs)}'
        and (${filters.join(' or ')})`,
  )
  const keys = fields.map((field) => `(${field}::smallint, value_${field})`)
  const text = `
    with ${WANTED},
    found as materialized (
      select width_bucket(received_at, $7::timestamptz[]) as piece, prefix, side, rate, field, value,
        sum(bytes) as bytes, sum(packets) as packets, count(*) as flows
      from (${branches.join(' union all ')}) as flows
      cross join lateral (values ${keys.join(', ')}) as keys (field, value)
      where received_at < ($8::timestamptz[])[width_bucket(received_at, $7::timestamptz[])]
        and (field, value) in (select field, value from wanted)
      group by 1, 2, 3, 4, 5, 6
    )
    select wanted.pair, found.side, ${SUMS}
    from found join wanted using (piece, prefix, field, value)
    group by wanted.pair, found.side`
  return { text, values }
}

/** Asks which source answers which part of a span, for each family of fields. */
export function partsOf(
  families: readonly { readonly family: Family; readonly levels: readonly number[] }[],
  { since, until }: { readonly since: number; readonly until: number },
): Sql {
  const branches = families.map(
    ({ family, levels }) => `
      select '${family}' as family, source, extract(epoch from part_since)::text as since,
        extract(epoch from part_until)::text as until, part_since
      from rollup_parts($1, $2, '{${levels.join(',')}}', ${family === 'list'}, true)`,
  )
  return {
    text: `${branches.join(' union all ')} order by part_since`,
    values: [stamp(since), stamp(until)],
  }
}
