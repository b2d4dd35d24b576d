/**
 * Compiles a filter for an archive. Addresses are texts there: `addr_key` orders them as PostgreSQL
 * does. Values only ever become parameters.
 */

import { parseNetwork } from './address.ts'
import type { Parameters } from './compile-filter.ts'
import { FilterError } from './filter-error.ts'
import type { Condition, Filter, FilterTest } from './filter-tree.ts'
import { RATIOS, type Relation } from './relations.ts'

/** Compiles a filter into a condition that is true, false or NULL. @throws FilterError */
export function compileArchiveFilter(
  filter: Filter,
  relation: Relation,
  parameters: Parameters,
): string {
  switch (filter.kind) {
    case 'all':
      return 'true'
    case 'not':
      return `coalesce(not (${compileArchiveFilter(filter.term, relation, parameters)}), true)`
    case 'test':
      return compileTest(filter, { relation, parameters })
    default:
      return `(${filter.terms
        .map((term) => compileArchiveFilter(term, relation, parameters))
        .join(` ${filter.kind} `)})`
  }
}

interface Place {
  readonly relation: Relation
  readonly parameters: Parameters
}

function compileTest(test: FilterTest, place: Place): string {
  const conditions = test.fields.map((field) => compileCondition(test, field, place))
  return `(${conditions.join(test.every ? ' and ' : ' or ')})`
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
      return (
        `(exporter, ${column}::varchar) in (select exporter, key from names ` +
        `where kind = 'interface' and lower(name) = lower(${parameters.add(condition.name)}::varchar))`
      )
    case 'flags':
      return `${column} & ${parameters.add(condition.mask)}::integer = ${parameters.add(condition.set)}::integer`
    case 'family':
      return `contains(${column}, ':') = ${condition.version === 6}`
    case 'text':
      return `${column} = ${parameters.add(condition.value)}::varchar`
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
  const above = `(${columnOf(test, dividend, place)})::decimal(19, 0) * ${scale}::decimal(4, 0)`
  const below = columnOf(test, divisor, place)
  const { condition } = test
  const compare = (cmp: string, value: string) =>
    `${above} ${cmp} ${place.parameters.add(value)}::decimal(19, 0) * (${below})::decimal(19, 3)`
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
  const wide = ranges.filter(([from, to]) => from !== to)
  const conditions = wide.map(
    ([from, to]) =>
      `${column} between ${parameters.add(from)}::bigint and ${parameters.add(to)}::bigint`,
  )
  if (single.length > 0) {
    conditions.push(`list_contains(${listOf(single, parameters)}::bigint[], ${column})`)
  }
  return `(${conditions.join(' or ')})`
}

/** A list of texts, as one parameter. */
const listOf = (values: readonly string[], parameters: Parameters) =>
  `string_split(${parameters.add(values.join(' '))}::varchar, ' ')`

function compileAddresses(
  column: string,
  { hosts, networks }: Condition & { is: 'address' },
  parameters: Parameters,
): string {
  const conditions: string[] = []
  const [plain, colons] = [false, true].map((isIpv6) =>
    hosts.filter((host) => host.includes(':') === isIpv6),
  )
  // Addresses of IPv4 have one spelling.
  if (plain?.length) conditions.push(`list_contains(${listOf(plain, parameters)}, ${column})`)
  if (colons?.length) {
    const keys = colons.map((host) => rangeOf(host)[0])
    conditions.push(`list_contains(${listOf(keys, parameters)}, addr_key(${column}))`)
  }
  for (const network of networks) {
    const [from, to] = rangeOf(network).map((key) => `${parameters.add(key)}::varchar`)
    conditions.push(`addr_key(${column}) between ${from} and ${to}`)
  }
  return `(${conditions.join(' or ')})`
}

/** The keys of the first and the last address of a network, as `addr_key` writes them. */
function rangeOf(text: string): readonly [string, string] {
  const network = parseNetwork(text)
  if (!network) throw new Error(`${text} is no network`)
  const width = network.version === 4 ? 32 : 128
  const hosts = (1n << BigInt(width - network.length)) - 1n
  const key = (bits: bigint) => network.version + bits.toString(16).padStart(width / 4, '0')
  return [key(network.bits), key(network.bits | hosts)]
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
  for (const name of names) {
    const lower = `${parameters.add(name.toLowerCase())}::varchar`
    conditions.push(`${column} in (select address from exporters where lower(name) = ${lower})`)
  }
  return `(${conditions.join(' or ')})`
}

function compileElement(test: FilterTest, place: Place): string {
  const { parameters } = place
  const extra = columnOf(test, 'extra', place)
  const pointer = (test.element ?? '').replaceAll('~', '~0').replaceAll('/', '~1')
  const path = `${parameters.add(`/${pointer}`)}::varchar`
  const { condition } = test
  if (condition.is === 'compared') {
    const value = `${parameters.add(condition.value)}::decimal(38, 9)`
    return `json_number(${extra}, ${path}) ${condition.cmp} ${value}`
  }
  if (condition.is === 'text') {
    return `json_extract_string(${extra}, ${path}) = ${parameters.add(condition.value)}::varchar`
  }
  return `json_exists(${extra}, ${path})`
}
