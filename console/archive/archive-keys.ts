/** The keys by which an archive adds up traffic, with the meaning of the SQL function `flow_key`. */

import { FilterError } from '../query/filter/filter-error.ts'

export interface ArchiveKey {
  /** The two columns of a key that a flow has at both ends. The text names either as `value`. */
  readonly ends?: readonly [string, string]
  /** The key as a text; NULL: not sent. */
  readonly text: string
  /** The SQL of the name of `keys.key`. */
  readonly name: string
}

const NO_NAME = 'null::varchar'

const lookUp = (kind: string, key = 'keys.key') =>
  `(select name from lookups where lookups.kind = '${kind}' and lookups.key = ${key})`

/** Several exporters may number different interfaces alike. */
const onlyName = (condition: string) =>
  `(select min(names.name) from names where names.kind = 'interface' and ${condition}
    having count(distinct names.name) = 1)`

const plain = (column: string, name = NO_NAME): ArchiveKey => ({ text: `${column}::varchar`, name })

const INTERFACE_NUMBER = "split_part(keys.key, ' ', 2)"
const INTERFACE_OWNER = "split_part(keys.key, ' ', 1)"

const KEYS: Readonly<Record<string, ArchiveKey>> = {
  all: { text: "'all'", name: NO_NAME },
  src: plain('src_addr'),
  dst: plain('dst_addr'),
  address: { ends: ['src_addr', 'dst_addr'], ...plain('value') },
  pair: {
    text: `case when src_addr is not null or dst_addr is not null
      then coalesce(src_addr, '-') || ' > ' || coalesce(dst_addr, '-') end`,
    name: NO_NAME,
  },
  src_port: plain('src_port', lookUp('service', "'6 ' || keys.key")),
  dst_port: plain('dst_port', lookUp('service', "'6 ' || keys.key")),
  service: plain('least(src_port, dst_port)', lookUp('service', "'6 ' || keys.key")),
  protocol: plain('protocol', lookUp('protocol')),
  src_as: plain('src_as'),
  dst_as: plain('dst_as'),
  exporter: plain('exporter', '(select name from exporters where address = keys.key)'),
  input_if: plain('input_if', onlyName('names.key = keys.key')),
  output_if: plain('output_if', onlyName('names.key = keys.key')),
  interface: {
    ends: ['input_if', 'output_if'],
    text: "exporter || ' ' || coalesce(value::varchar, '-')",
    name: `coalesce((select name from exporters where address = ${INTERFACE_OWNER}), ${INTERFACE_OWNER})
      || ' ' || coalesce(${onlyName(`names.exporter = split_part(keys.key, ' ', 1)
        and names.key = split_part(keys.key, ' ', 2)`)}, ${INTERFACE_NUMBER})`,
  },
  direction: plain('direction', "case keys.key when '0' then 'ingress' when '1' then 'egress' end"),
  tos: plain('tos'),
  application: {
    text: "coalesce(json_extract_string(extra, '/applicationId'), json_extract_string(extra, '/applicationName'))",
    name: `(select min(names.name) from names where names.kind = 'application' and names.key = keys.key)`,
  },
}

/**
 * Returns the SQL of a key.
 *
 * @param by as `normalizeKey` returns it
 * @throws FilterError when an archive does not have what the key needs
 */
export function archiveKey(by: string): ArchiveKey {
  const network = /^(src|dst)\/(\d+)(?:,(\d+))?$/.exec(by)
  if (network) {
    const [, end, ipv4, ipv6 = ipv4] = network
    const length = Math.min(Number(ipv4), 32)
    return plain(`network_of(${end}_addr, ${length}, ${ipv6})`)
  }
  const key = KEYS[by]
  if (key) return key
  throw new FilterError(
    `an archive is not asked by ${by}: ask the database instead, without --archive`,
    0,
  )
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
  w: 604_800_000_000,
}

/**
 * Returns the SQL of the bin of `received_at`. Weeks begin on Mondays, as in `traffic_bin`.
 *
 * @param step an interval such as `5 min`, `1h`, `1 month`
 */
export function archiveStep(step: string): string {
  const calendar = /^(?:1 ?(month|year)|3 ?(months))$/.exec(step)
  if (calendar) {
    const unit = calendar[2] ? 'quarter' : calendar[1]
    return `date_trunc('${unit}', received_at)`
  }
  const [, count = '', unit = ''] = /^(\d+) ?([smhdw])/.exec(step) ?? []
  const micros = BigInt(count) * BigInt(UNITS[unit] ?? 0)
  if (micros === 0n) throw new FilterError(`"${step}" is no step`, 0)
  return `bin_of(received_at, ${micros})`
}
