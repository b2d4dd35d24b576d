/**
 * The conditions of filters in an archive, which DuckDB reads. Addresses are texts there: the macro
 * `addr_key` orders them as PostgreSQL does.
 */

import { parseNetwork } from '../query/address.ts'
import type { FilterSql } from '../query/filter-sql.ts'
import type { Parameters } from '../query/sql.ts'

export const ARCHIVE_FILTER: FilterSql = {
  not: (condition) => `coalesce(not (${condition}), true)`,

  within(column, ranges, parameters) {
    const single = ranges.filter(([from, to]) => from === to).map(([from]) => from)
    const conditions = ranges
      .filter(([from, to]) => from !== to)
      .map((edges) => {
        const [from, to] = edges.map((edge) => `${parameters.add(edge)}::bigint`)
        return `${column} between ${from} and ${to}`
      })
    if (single.length > 0) {
      conditions.push(`list_contains(${listOf(single, parameters)}::bigint[], ${column})`)
    }
    return conditions
  },

  addresses(column, { hosts, networks }, parameters) {
    const conditions: string[] = []
    const ipv4 = hosts.filter((host) => !host.includes(':'))
    const ipv6 = hosts.filter((host) => host.includes(':'))
    // Addresses of IPv4 have one spelling.
    if (ipv4.length > 0) conditions.push(`list_contains(${listOf(ipv4, parameters)}, ${column})`)
    if (ipv6.length > 0) {
      const keys = ipv6.map((host) => rangeOf(host)[0])
      conditions.push(`list_contains(${listOf(keys, parameters)}, addr_key(${column}))`)
    }
    for (const network of networks) {
      const [from, to] = rangeOf(network).map((key) => `${parameters.add(key)}::varchar`)
      conditions.push(`addr_key(${column}) between ${from} and ${to}`)
    }
    return conditions
  },

  exporters: (column, names, parameters) =>
    names.map((name) => {
      const lower = `${parameters.add(name)}::varchar`
      return `${column} in (select address from exporters where lower(name) = ${lower})`
    }),

  interfaceName: (column, name, parameters) =>
    `(exporter, ${column}::varchar) in (select exporter, key from names ` +
    `where kind = 'interface' and lower(name) = lower(${parameters.add(name)}::varchar))`,

  family: (column, version) => `contains(${column}, ':') = ${version === 6}`,

  mac: (column, value, parameters) => `${column} = ${parameters.add(value)}::varchar`,

  ratio: ({ dividend, scale, divisor }, cmp, value) =>
    `(${dividend})::decimal(19, 0) * ${scale}::decimal(4, 0) ` +
    `${cmp} ${value}::decimal(19, 0) * (${divisor})::decimal(19, 3)`,

  element({ extra, element, condition }, parameters) {
    const pointer = element.replaceAll('~', '~0').replaceAll('/', '~1')
    const path = `${parameters.add(`/${pointer}`)}::varchar`
    if (condition.is === 'compared') {
      const value = `${parameters.add(condition.value)}::decimal(38, 9)`
      return `json_number(${extra}, ${path}) ${condition.cmp} ${value}`
    }
    if (condition.is === 'text') {
      return `json_extract_string(${extra}, ${path}) = ${parameters.add(condition.value)}::varchar`
    }
    return `json_exists(${extra}, ${path})`
  },
}

/** A list of texts, as one parameter. */
const listOf = (values: readonly string[], parameters: Parameters) =>
  `string_split(${parameters.add(values.join(' '))}::varchar, ' ')`

/** Returns the keys of the first and the last address of a network, as `addr_key` writes them. */
function rangeOf(text: string): readonly [string, string] {
  const network = parseNetwork(text)
  if (!network) throw new Error(`${text} is no network`)
  const width = network.version === 4 ? 32 : 128
  const hosts = (1n << BigInt(width - network.length)) - 1n
  const key = (bits: bigint) => network.version + bits.toString(16).padStart(width / 4, '0')
  return [key(network.bits), key(network.bits | hosts)]
}
