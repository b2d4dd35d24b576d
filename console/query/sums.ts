/**
 * Adds up traffic by key under a filter, from the rollups where they have the answer, else from
 * flows. Without a filter, functions of the database do the same.
 */

import { compileFilter } from './compile-filter.ts'
import type { Filter } from './filter/filter-tree.ts'
import { type RangeQuestion, type TimeRange, withinRange } from './range.ts'
import { FLOWS, PREFIX_FLOWS, type Relation } from './relations.ts'
import type { Ask, Parameters, Sql } from './sql.ts'

export interface SumsQuestion extends RangeQuestion {
  /** As `flow_key` knows it. */
  readonly by: string
  /** An interval of PostgreSQL. */
  readonly step?: string
  /** Whether counters are multiplied by the sampling rate, which is the default. */
  readonly scaled?: boolean
}

/** The SQL of a key, as the function `flow_key` returns it. */
interface KeyParts {
  readonly relation: 'flows' | 'prefix_flows'
  readonly ends: string
  readonly flow_values: readonly string[]
  readonly fields: readonly number[]
  readonly rollup_values: readonly string[]
  readonly lists: boolean
  readonly key_text: string
  readonly name_text: string
}

interface Bin {
  readonly expression: string
  readonly levels: readonly number[]
}

/** Numbers of the fields whose rollups have every value. */
const MARGINS: Readonly<Record<string, number>> = {
  protocol: 1,
  direction: 2,
  input_if: 3,
  output_if: 4,
  tos: 5,
}

/** By the number that a branch has as its source. */
export const SOURCES: readonly string[] = ['raw', 'minute', 'hour', 'day']

/** The rollup rows that answer a question. */
interface Margin {
  readonly fields: readonly number[]
  readonly relation: Relation
}

/**
 * Finds the fields of the rollups that answer a filter and a key together. A margin has one field
 * beside the exporter, so filter and key can name one at most.
 *
 * @returns undefined when only flows have the answer
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
  /** An SQL array: the names of the sources, by number. */
  readonly sourceNames: string
}

/** Returns the SQL array of some names. */
export const arrayOf = (names: readonly string[]) => `(array['${names.join("', '")}'])`

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
    text: `
      select source, part_since as since, part_until as until
      from rollup_parts($1, $2, $3::smallint[], false, $4)`,
    values: [since, until, `{${levels.join(',')}}`, key.relation === 'prefix_flows'],
  })
  const branches = parts.map(({ since = '', until = '', source = '' }) => {
    const part = { since: since ?? '', until: until ?? '', source: SOURCES.indexOf(source ?? '') }
    const place = { key, filter, bin, parameters, scaled }
    return margin && part.source > 0 ? rollupBranch(part, margin, place) : rawBranch(part, place)
  })
  const nothing =
    'select null::timestamptz as bin, null::text as key, null::numeric as bytes, ' +
    'null::numeric as packets, null::bigint as flows, 0 as source where false'
  return {
    text: branches.join(' union all ') || nothing,
    nameText: key.name_text,
    sourceNames: arrayOf(SOURCES),
  }
}

/** Asks the database for the SQL of a key. */
export function askKey(ask: Ask, by: string): Promise<KeyParts> {
  return askObject(ask, {
    text: 'select to_jsonb(key) as object from flow_key($1) as key',
    values: [by],
  })
}

/** Asks the database for the bins of a step. */
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

/** A part of the range, and the number of the source that answers it. */
interface Part extends TimeRange {
  readonly source: number
}

interface Place {
  readonly key: KeyParts
  readonly filter: Filter
  readonly bin: Bin | undefined
  readonly parameters: Parameters
  readonly scaled: boolean
}

function rawBranch(part: Part, place: Place): string {
  const { key, filter, parameters } = place
  const relation = key.relation === 'flows' ? FLOWS : PREFIX_FLOWS
  const from =
    `${key.relation} ${key.ends} where ${withinRange('received_at', part, parameters)} ` +
    `and ${compileFilter(filter, relation, parameters)}`
  return formatBranch(place, {
    time: 'received_at',
    columns: key.flow_values,
    flows: 'count(*)',
    from,
    source: 0,
  })
}

function rollupBranch(part: Part, margin: Margin, place: Place): string {
  const { key, filter, parameters } = place
  const from =
    `rollup_${SOURCES[part.source]} where field = any(${parameters.add(margin.fields)}::smallint[]) ` +
    `and prefix is ${key.relation === 'flows' ? 'null' : 'not null'} ` +
    `and ${withinRange('bucket', part, parameters)} and ${compileFilter(filter, margin.relation, parameters)}`
  return formatBranch(place, {
    time: 'bucket',
    columns: key.rollup_values,
    flows: 'sum(flows)',
    from,
    source: part.source,
  })
}

interface Branch {
  readonly time: string
  readonly columns: readonly string[]
  readonly flows: string
  readonly from: string
  readonly source: number
}

/** Groups counters by sampling rate and multiplies them as numeric, so that no record can overflow. */
function formatBranch({ key, bin, scaled }: Place, branch: Branch): string {
  const { time, columns, flows, from, source } = branch
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
