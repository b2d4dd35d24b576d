/** Compiles a filter into SQL. Values only ever become parameters; columns come from closed tables. */

import { FilterError } from './filter-error.ts'
import type { Condition, Filter, FilterTest } from './filter-tree.ts'
import { RATIOS, type Relation } from './relations.ts'

/** A text with parameters `$n`, and their values. */
export interface Sql {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Collects the values of a statement. */
export class Parameters {
  readonly values: unknown[] = []

  /** @returns the parameter's name */
  add(value: unknown): string {
    return `$${this.values.push(value)}`
  }
}

/**
 * Compiles a filter into a condition that is true, false or NULL.
 *
 * @param parameters of the statement that the condition becomes a part of
 * @throws FilterError when the relation does not have a field
 */
export function compileFilter(filter: Filter, relation: Relation, parameters: Parameters): string {
  switch (filter.kind) {
    case 'all':
      return 'true'
    case 'not':
      // "not" keeps rows of which nothing is known, as nfdump does.
      return `(${compileFilter(filter.term, relation, parameters)}) is not true`
    case 'test':
      return compileTest(filter, relation, parameters)
    default:
      return `(${filter.terms
        .map((term) => compileFilter(term, relation, parameters))
        .join(` ${filter.kind} `)})`
  }
}

function compileTest(test: FilterTest, relation: Relation, parameters: Parameters): string {
  const conditions = test.fields.map((field) =>
    compileCondition(test, field, { relation, parameters }),
  )
  if (conditions.length === 1) return conditions.join('')
  return `(${conditions.join(test.every ? ' and ' : ' or ')})`
}

interface Place {
  readonly relation: Relation
  readonly parameters: Parameters
}

function compileCondition(test: FilterTest, field: string, place: Place): string {
  const { condition } = test
  const { parameters } = place
  if (field === 'extra') return compileElement(test, place)
  const ratio = RATIOS[field]
  if (ratio) return compileRatio(test, ratio, place)
  const column = columnOf(test, field, place)
  switch (condition.is) {
    case 'compared':
      return `${column} ${condition.cmp} ${parameters.add(condition.value)}::bigint`
    case 'within':
      return compileRanges(column, condition.ranges, parameters)
    case 'address':
      return compileAddresses(column, condition, parameters)
    case 'exporter':
      return compileExporter(column, condition, parameters)
    case 'named':
      return compileName(column, condition.name, place)
    case 'flags':
      return `${column} & ${parameters.add(condition.mask)}::int = ${parameters.add(condition.set)}::int`
    case 'family':
      return `family(${column}) = ${parameters.add(condition.version)}::int`
    case 'text':
      return `${column} = ${parameters.add(condition.value)}::macaddr`
    case 'present':
      return `${column} is not null`
  }
}

function columnOf({ at }: FilterTest, field: string, { relation }: Place): string {
  const column = relation[field]
  if (column !== undefined) return column
  throw new FilterError(`${field.replaceAll('_', ' ')} cannot be tested here`, at)
}

/** Multiplied instead of divided: nothing is rounded. */
function compileRatio(
  test: FilterTest,
  [dividend, scale, divisor]: readonly [string, number, string],
  place: Place,
): string {
  const above = `(${columnOf(test, dividend, place)})::numeric * ${scale}`
  const below = columnOf(test, divisor, place)
  const { condition } = test
  const compare = (cmp: string, value: string) =>
    `${above} ${cmp} ${place.parameters.add(value)}::numeric * (${below})`
  const ranges = condition.is === 'within' ? condition.ranges : []
  const conditions =
    condition.is === 'compared'
      ? [compare(condition.cmp, condition.value)]
      : ranges.map(([from, to]) => `${compare('>=', from)} and ${compare('<=', to)}`)
  return `(${below} > 0 and (${conditions.join(' or ')}))`
}

function compileRanges(
  column: string,
  ranges: readonly (readonly [string, string])[],
  parameters: Parameters,
): string {
  const single = ranges.filter(([from, to]) => from === to).map(([from]) => from)
  const conditions =
    single.length === 1
      ? [`${column} = ${parameters.add(single[0])}::bigint`]
      : single.length > 1
        ? [`${column} = any(${parameters.add(single)}::bigint[])`]
        : []
  const wide = ranges.filter(([from, to]) => from !== to)
  if (wide.length === 1) {
    const [from, to] = wide[0] ?? []
    conditions.push(
      `${column} between ${parameters.add(from)}::bigint and ${parameters.add(to)}::bigint`,
    )
  } else if (wide.length > 1) {
    const list = wide.map(([from, to]) => `[${from},${to}]`)
    conditions.push(`(${column})::numeric <@ any(${parameters.add(list)}::numrange[])`)
  }
  return either(conditions)
}

function either(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions.join('') : `(${conditions.join(' or ')})`
}

function compileAddresses(
  column: string,
  { hosts, networks }: Condition & { is: 'address' },
  parameters: Parameters,
): string {
  const conditions: string[] = []
  // A single constant can use an index.
  if (hosts.length === 1) conditions.push(`${column} = ${parameters.add(hosts[0])}::inet`)
  if (hosts.length > 1) conditions.push(`${column} = any(${parameters.add(hosts)}::inet[])`)
  if (networks.length === 1) conditions.push(`${column} <<= ${parameters.add(networks[0])}::inet`)
  if (networks.length > 1) conditions.push(`${column} <<= any(${parameters.add(networks)}::inet[])`)
  return either(conditions)
}

function compileExporter(
  column: string,
  { addresses, names }: Condition & { is: 'exporter' },
  parameters: Parameters,
): string {
  const conditions: string[] = []
  if (addresses.hosts.length + addresses.networks.length > 0) {
    conditions.push(compileAddresses(column, addresses, parameters))
  }
  if (names.length > 0) {
    const list = parameters.add(names.map((name) => name.toLowerCase()))
    conditions.push(
      `${column} in (select address from exporters where lower(name) = any(${list}::text[]))`,
    )
  }
  return either(conditions)
}

/** Interfaces have names by the exporter's options data. */
function compileName(column: string, name: string, { parameters }: Place): string {
  return (
    `(exporter, ${column}::text) in (select names.exporter, names.key from names ` +
    `where names.kind = 'interface' and lower(names.name) = lower(${parameters.add(name)}::text))`
  )
}

function compileElement(test: FilterTest, place: Place): string {
  const { parameters } = place
  const extra = columnOf(test, 'extra', place)
  const name = `${parameters.add(test.element ?? '')}::text`
  const { condition } = test
  if (condition.is === 'compared') {
    const value = `${parameters.add(condition.value)}::numeric`
    return (
      `case when jsonb_typeof(${extra} -> ${name}) = 'number' ` +
      `then (${extra} ->> ${name})::numeric ${condition.cmp} ${value} end`
    )
  }
  if (condition.is === 'text')
    return `${extra} ->> ${name} = ${parameters.add(condition.value)}::text`
  return `${extra} ? ${name}`
}
