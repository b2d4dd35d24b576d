/**
 * The statements that compute rollups. Node sends them with the times as parameters of unnamed
 * statements, because PostgreSQL plans an insert inside of a function without the times: that took
 * 1.5 times as long. All sums are numeric: one record with 2^63 - 1 bytes would overflow a bigint.
 */

import type { Level } from './levels.ts'

/** The fields that every level has complete, and their columns. 0 is the sum of all flows. */
const MARGINS = ['protocol', 'direction', 'input_if', 'output_if', 'tos'] as const
export const MARGIN_FIELDS = '{0,1,2,3,4,5}'

/** A field of which hours and days list the greatest values. */
interface ListField {
  readonly field: number
  readonly column: 'number' | 'address'
  /** Of the value, in SQL. */
  readonly value: string
}

export const LIST_FIELDS: readonly ListField[] = [
  { field: 6, column: 'number', value: 'src_as' },
  { field: 7, column: 'number', value: 'dst_as' },
  { field: 8, column: 'number', value: 'least(src_port, dst_port)' },
  { field: 9, column: 'address', value: 'src_addr' },
  { field: 10, column: 'address', value: 'dst_addr' },
]
export const LIST_FIELD_NUMBERS = '{6,7,8,9,10}'

/** The relation of the flows: once each, or once for each prefix that contains one of their ends. */
export type Source = 'flows' | 'prefix_flows'

const COLUMNS =
  'bucket, exporter, prefix, side, sampling_rate, field, number, address, bytes, packets, flows'

function scopeOf(source: Source): string {
  return source === 'flows' ? 'exporter' : 'exporter, prefix, side'
}

/**
 * Computes the margins of a range, $1 up to $2, from flows. They are grouped once by all fields, and
 * then summed to margins: that took half of the time of direct grouping sets.
 */
export function marginsFromFlows(level: Level, source: Source): string {
  const scope = scopeOf(source)
  const fields = MARGINS.join(', ')
  const values = MARGINS.map((name) => `${name}::bigint`).join(', ')
  const chosen = MARGINS.map((name, index) => `when grouping(${name}) = 0 then ${index + 1}`)
  return `
    insert into ${level.table} (${COLUMNS})
    with cells as materialized (
      select date_bin('${level.interval}', received_at, '2000-01-03Z') as bucket, ${scope},
        sampling_rate, ${fields}, sum(bytes) as bytes, sum(packets) as packets, count(*) as flows
      from ${source} where received_at >= $1 and received_at < $2
      group by 1, ${scope}, sampling_rate, ${fields}
    )
    select bucket, exporter, ${source === 'flows' ? 'null, null' : 'prefix, side'}, sampling_rate,
      case ${chosen.join(' ')} else 0 end, coalesce(${values}), null,
      sum(bytes), sum(packets), sum(flows)::bigint
    from cells
    group by bucket, ${scope}, sampling_rate,
      grouping sets ((), ${MARGINS.map((name) => `(${name})`).join(', ')})`
}

/** Computes the margins of the bucket $1 up to $2 from those of the finer level. */
export function marginsFromFiner(level: Level, finer: Level): string {
  return `
    insert into ${level.table} (${COLUMNS})
    select $1::timestamptz, exporter, prefix, side, sampling_rate, field, number, address,
      sum(bytes), sum(packets), sum(flows)::bigint
    from ${finer.table}
    where field = any('${MARGIN_FIELDS}') and bucket >= $1 and bucket < $2
    group by exporter, prefix, side, sampling_rate, field, number, address`
}

/**
 * Lists the greatest values of a field in the bucket $1 up to $2, always from flows: sums of shallow
 * lists would miss most of what is below their depth. $3 values by bytes and $4 by flows are listed
 * for each exporter and rate, since scanners have hardly any bytes. Which of equal values are listed does
 * not matter: `least_bytes` is the greatest sum of the others.
 */
export function listFromFlows(level: Level, source: Source, list: ListField): string {
  const scope = scopeOf(source)
  const within = `partition by ${scope}, sampling_rate`
  const place = source === 'flows' ? 'exporter, null::cidr, null::smallint' : scope
  const key = list.column === 'number' ? 'value::bigint, null::inet' : 'null::bigint, value'
  return `
    with sums as materialized (
      select ${scope}, sampling_rate, ${list.value} as value,
        sum(bytes) as bytes, sum(packets) as packets, count(*) as flows
      from ${source} where received_at >= $1 and received_at < $2
      group by ${scope}, sampling_rate, ${list.value}
    ),
    ranked as materialized (
      select *,
        row_number() over (${within} order by bytes::float8 desc nulls last) <= $3
          or row_number() over (${within} order by flows desc) <= $4
          as listed
      from sums
    ),
    values as (
      insert into ${level.table} (${COLUMNS})
      select $1::timestamptz, ${place}, sampling_rate, ${list.field}, ${key}, bytes, packets, flows
      from ranked where listed
    )
    insert into rollup_lists (level, bucket, exporter, prefix, side, field, sampling_rate,
      listed, keys, least_bytes)
    select ${level.number}, $1::timestamptz, ${place}, ${list.field}, sampling_rate,
      count(*) filter (where listed), count(*), max(bytes) filter (where not listed)
    from ranked group by ${scope}, sampling_rate`
}
