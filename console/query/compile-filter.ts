/** Compiles a filter into SQL. Values only ever become parameters; columns come from closed tables. */

import { FilterError } from './filter/filter-error.ts'
import type { Filter, FilterTest } from './filter/filter-tree.ts'
import type { FilterSql } from './filter-sql.ts'
import { POSTGRES_FILTER } from './postgres-filter.ts'
import { RATIOS, type Relation } from './relations.ts'
import type { Parameters } from './sql.ts'

interface Place {
  readonly relation: Relation
  readonly parameters: Parameters
  readonly sql: FilterSql
}

/**
 * Compiles a filter into a condition that is true, false or NULL.
 *
 * @param parameters of the statement that the condition becomes a part of
 * @param sql how the database that is asked writes conditions
 * @throws FilterError when the relation does not have a field
 */
export function compileFilter(
  filter: Filter,
  relation: Relation,
  parameters: Parameters,
  sql: FilterSql = POSTGRES_FILTER,
): string {
  return compile(filter, { relation, parameters, sql })
}

function compile(filter: Filter, place: Place): string {
  switch (filter.kind) {
    case 'all':
      return 'true'
    case 'not':
      // "not" keeps rows of which nothing is known, as nfdump does.
      return place.sql.not(compile(filter.term, place))
    case 'test':
      return compileTest(filter, place)
    default:
      return `(${filter.terms.map((term) => compile(term, place)).join(` ${filter.kind} `)})`
  }
}

function compileTest(test: FilterTest, place: Place): string {
  return join(
    test.fields.map((field) => compileCondition(test, field, place)),
    test.every ? 'and' : 'or',
  )
}

function join(conditions: readonly string[], word: 'and' | 'or' = 'or'): string {
  return conditions.length === 1 ? conditions.join('') : `(${conditions.join(` ${word} `)})`
}

function compileCondition(test: FilterTest, field: string, place: Place): string {
  const { condition } = test
  const { parameters, sql } = place
  if (field in RATIOS) return compileRatio(test, field, place)
  const column = columnOf(test, field, place)
  if (field === 'extra') {
    return sql.element({ extra: column, element: test.element ?? '', condition }, parameters)
  }
  switch (condition.is) {
    case 'compared':
      return `${column} ${condition.cmp} ${parameters.add(condition.value)}::bigint`
    case 'within':
      return join(sql.within(column, condition.ranges, parameters))
    case 'address':
      return join(sql.addresses(column, condition, parameters))
    case 'exporter': {
      const names = condition.names.map((name) => name.toLowerCase())
      return join([
        ...sql.addresses(column, condition.addresses, parameters),
        ...(names.length > 0 ? sql.exporters(column, names, parameters) : []),
      ])
    }
    case 'named':
      return sql.interfaceName(column, condition.name, parameters)
    case 'flags':
      return `${column} & ${parameters.add(condition.mask)}::int = ${parameters.add(condition.set)}::int`
    case 'family':
      return sql.family(column, condition.version, parameters)
    case 'text':
      return sql.mac(column, condition.value, parameters)
    case 'present':
      return `${column} is not null`
  }
}

function columnOf({ at }: FilterTest, field: string, { relation }: Place): string {
  const column = relation[field]
  if (column !== undefined) return column
  const name = field.replaceAll('_', ' ')
  throw new FilterError(`${name} cannot be tested here: the rows that are asked do not have it`, at)
}

function compileRatio(test: FilterTest, field: string, place: Place): string {
  const [above = '', scale = 1, below = ''] = RATIOS[field] ?? []
  const dividend = columnOf(test, above, place)
  const divisor = columnOf(test, below, place)
  const compare = (cmp: string, value: string) =>
    place.sql.ratio({ dividend, scale, divisor }, cmp, place.parameters.add(value))
  const { condition } = test
  const ranges = condition.is === 'within' ? condition.ranges : []
  const conditions =
    condition.is === 'compared'
      ? [compare(condition.cmp, condition.value)]
      : ranges.map(([from, to]) => `${compare('>=', from)} and ${compare('<=', to)}`)
  return `(${divisor} > 0 and (${conditions.join(' or ')}))`
}
