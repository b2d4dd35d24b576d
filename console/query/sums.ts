/**
 * Adds up traffic by keys under a filter: from the rollups where they know the answer, else from
 * flows. Without a filter the functions of the database do the same.
 */

import { compileFilter, type Parameters, type Sql } from './compile-filter.ts'
import type { Filter } from './filter-tree.ts'
import { FLOWS, PREFIX_FLOWS, type Relation } from './relations.ts'

/** A row, each value as PostgreSQL writes it. */
export type Row = Readonly<Record<string, string | null>>

/** Asks the database. All questions of one answer must see one snapshot. */
export type Ask = (sql: Sql) => Promise<readonly Row[]>

export interface SumsQuestion {
  /** RFC 3339. */
  readonly since: string
  readonly until: string
  /** As `flow_key` knows it. */
  readonly by: string
  readonly filter: Filter
  /** An interval of PostgreSQL. */
  readonly step?: string
  /** Whether counters are multiplied by the sampling rate, which is the default. */
  readonly scaled?: boolean
}

/** A key, as the function flow_key describes it. */
export interface KeyParts {
  readonly relation: 'flows' | 'prefix_flows'
  readonly ends: string
  readonly flow_values: readonly string[]
  readonly fields: readonly number[]
  readonly rollup_values: readonly string[]
  readonly lists: boolean
  readonly key_text: string
  readonly name_text: string
}

export interface Bin {
  readonly expression: string
  readonly levels: readonly number[]
}

/** Fields that the rollups hold completely, on their own. */
const MARGINS: Readonly<Record<string, number>> = {
  protocol: 1,
  direction: 2,
  input_if: 3,
  output_if: 4,
  tos: 5,
}

const SOURCES = ['raw', 'minute', 'hour', 'day']

/** The rollup rows that answer a question. */
interface Margin {
  readonly fields: readonly number[]
  readonly relation: Relation
}

/**
 * Returns the fields of the rollups that answer a filter and a key together; undefined when only
 * flows can. Margins do not cross: at most one field beside the exporter.
 */
export function findMargin(
  filter: Filter,
  key: Pick<KeyParts, 'fields' | 'lists' | 'relation'>,
): Margin | undefined {
  if (key.lists || key.fields.length === 0) return undefined
  const tested = new Set(fieldsOf(filter))
  tested.delete('exporter')
  if (tested.size === 0) return { fields: key.fields, relation: { exporter: 'exporter' } }
  const [name = ''] = tested
  const field = MARGINS[name]
  if (tested.size > 1 || field === undefined || key.relation !== 'flows') return undefined
  if (key.fields.length > 1 || ![0, field].includes(key.fields[0] ?? -1)) return undefined
  return { fields: [field], relation: { exporter: 'exporter', [name]: 'number' } }
}

function fieldsOf(filter: Filter): readonly string[] {
  switch (filter.kind) {
    case 'all':
      return []
    case 'test':
      return filter.fields
    case 'not':
      return fieldsOf(filter.term)
    default:
      return filter.terms.flatMap(fieldsOf)
  }
}

export interface Sums {
  /** Rows of bin, key, bytes, packets, flows and source (0 to 3), not merged yet. */
  readonly text: string
  readonly nameText: string
  /** An array of the names of the sources. */
  readonly sourceNames: string
}

const SOURCE_NAMES = "(array['raw', 'minute', 'hour', 'day'])"

/** Returns the query for the sums of a question. */
export async function planSums(
  ask: Ask,
  question: SumsQuestion,
  parameters: Parameters,
): Promise<Sums> {
  const { since, until, by, filter, step, scaled = true } = question
  const key = await askKey(ask, by)
  const bin = step === undefined ? undefined : await askBin(ask, step)
  const margin = findMargin(filter, key)
  const levels = margin ? (bin?.levels ?? [0, 1, 2]) : []
  const parts = await ask({
    text: 'select source, part_since, part_until from rollup_parts($1, $2, $3::smallint[], false, $4)',
    values: [since, until, `{${levels.join(',')}}`, key.relation === 'prefix_flows'],
  })
  const branches = parts.map((part) => {
    const place = { key, filter, bin, parameters, scaled }
    return margin && part['source'] !== 'raw'
      ? rollupBranch(part, margin, place)
      : rawBranch(part, place)
  })
  const nothing =
    'select null::timestamptz as bin, null::text as key, null::numeric as bytes, ' +
    'null::numeric as packets, null::bigint as flows, 0 as source where false'
  return {
    text: branches.join(' union all ') || nothing,
    nameText: key.name_text,
    sourceNames: SOURCE_NAMES,
  }
}

/** Asks what a key means. */
export function askKey(ask: Ask, by: string): Promise<KeyParts> {
  return askObject(ask, {
    text: 'select to_jsonb(key) as object from flow_key($1) as key',
    values: [by],
  })
}

/** Asks for the bins of a step. */
export function askBin(ask: Ask, step: string): Promise<Bin> {
  return askObject(ask, {
    text: 'select to_jsonb(bin) as object from traffic_bin($1) as bin',
    values: [step],
  })
}

async function askObject<Value>(ask: Ask, sql: Sql): Promise<Value> {
  const [row] = await ask(sql)
  return JSON.parse(row?.['object'] ?? 'null') as Value
}

interface Place {
  readonly key: KeyParts
  readonly filter: Filter
  readonly bin: Bin | undefined
  readonly parameters: Parameters
  readonly scaled: boolean
}

function rawBranch(part: Row, place: Place): string {
  const { key, filter, parameters } = place
  const relation = key.relation === 'flows' ? FLOWS : PREFIX_FLOWS
  const from =
    `${key.relation} ${key.ends} where ${within('received_at', part, parameters)} ` +
    `and ${compileFilter(filter, relation, parameters)}`
  return branch(place, {
    time: 'received_at',
    columns: key.flow_values,
    flows: 'count(*)',
    from,
    source: 0,
  })
}

function rollupBranch(part: Row, margin: Margin, place: Place): string {
  const { key, filter, parameters } = place
  const source = SOURCES.indexOf(part['source'] ?? 'raw')
  const from =
    `rollup_${SOURCES[source]} where field = any(${parameters.add(margin.fields)}::smallint[]) ` +
    `and prefix is ${key.relation === 'flows' ? 'null' : 'not null'} ` +
    `and ${within('bucket', part, parameters)} and ${compileFilter(filter, margin.relation, parameters)}`
  return branch(place, {
    time: 'bucket',
    columns: key.rollup_values,
    flows: 'sum(flows)',
    from,
    source,
  })
}

function within(column: string, part: Row, parameters: Parameters): string {
  const since = parameters.add(part['part_since'])
  const until = parameters.add(part['part_until'])
  return `${column} >= ${since}::timestamptz and ${column} < ${until}::timestamptz`
}

interface Branch {
  readonly time: string
  readonly columns: readonly string[]
  readonly flows: string
  readonly from: string
  readonly source: number
}

/** Counters are grouped by rate, and multiplied as numeric: no record can overflow them. */
function branch({ key, bin, scaled }: Place, own: Branch): string {
  const { time, columns, flows, from, source } = own
  const rate = scaled ? ' * rate' : ''
  const [first = 'null::text', second = 'null::text'] = columns
  const bucket = bin?.expression.replace(' at,', ` ${time},`) ?? 'null::timestamptz'
  return `
    select bin, coalesce(${key.key_text}, '') as key, bytes${rate} as bytes, packets${rate} as packets,
      flows, ${source} as source
    from (
      select ${bucket} as bin, ${first} as k1, ${second} as k2, coalesce(sampling_rate, 1) as rate,
        sum(bytes) as bytes, sum(packets) as packets, ${flows} as flows
      from ${from}
      group by 1, 2, 3, 4
    ) as part`
}
