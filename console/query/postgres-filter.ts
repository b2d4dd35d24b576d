/** The conditions of filters in PostgreSQL. */

import type { FilterSql } from './filter-sql.ts'

export const POSTGRES_FILTER: FilterSql = {
  not: (condition) => `(${condition}) is not true`,

  within(column, ranges, parameters) {
    const conditions: string[] = []
    const single = ranges.filter(([from, to]) => from === to).map(([from]) => from)
    const wide = ranges.filter(([from, to]) => from !== to)
    const [first] = wide
    if (single.length === 1) conditions.push(`${column} = ${parameters.add(single[0])}::bigint`)
    if (single.length > 1) conditions.push(`${column} = any(${parameters.add(single)}::bigint[])`)
    if (wide.length === 1 && first) {
      const [from, to] = first.map((edge) => `${parameters.add(edge)}::bigint`)
      conditions.push(`${column} between ${from} and ${to}`)
    }
    if (wide.length > 1) {
      const list = wide.map(([from, to]) => `[${from},${to}]`)
      conditions.push(`(${column})::numeric <@ any(${parameters.add(list)}::numrange[])`)
    }
    return conditions
  },

  addresses(column, { hosts, networks }, parameters) {
    const conditions: string[] = []
    // A single constant can use an index.
    if (hosts.length === 1) conditions.push(`${column} = ${parameters.add(hosts[0])}::inet`)
    if (hosts.length > 1) conditions.push(`${column} = any(${parameters.add(hosts)}::inet[])`)
    if (networks.length === 1) conditions.push(`${column} <<= ${parameters.add(networks[0])}::inet`)
    if (networks.length > 1) {
      conditions.push(`${column} <<= any(${parameters.add(networks)}::inet[])`)
    }
    return conditions
  },

  exporters(column, names, parameters) {
    const list = `any(${parameters.add(names)}::text[])`
    return [`${column} in (select address from exporters where lower(name) = ${list})`]
  },

  interfaceName: (column, name, parameters) =>
    `(exporter, ${column}::text) in (select names.exporter, names.key from names ` +
    `where names.kind = 'interface' and lower(names.name) = lower(${parameters.add(name)}::text))`,

  family: (column, version, parameters) => `family(${column}) = ${parameters.add(version)}::int`,

  mac: (column, value, parameters) => `${column} = ${parameters.add(value)}::macaddr`,

  ratio: ({ dividend, scale, divisor }, cmp, value) =>
    `(${dividend})::numeric * ${scale} ${cmp} ${value}::numeric * (${divisor})`,

  element({ extra, element, condition }, parameters) {
    const name = `${parameters.add(element)}::text`
    if (condition.is === 'compared') {
      const value = `${parameters.add(condition.value)}::numeric`
      return (
        `case when jsonb_typeof(${extra} -> ${name}) = 'number' ` +
        `then (${extra} ->> ${name})::numeric ${condition.cmp} ${value} end`
      )
    }
    if (condition.is === 'text') {
      return `${extra} ->> ${name} = ${parameters.add(condition.value)}::text`
    }
    return `${extra} ? ${name}`
  },
}
