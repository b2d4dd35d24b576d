/** The keys by which traffic is added up. The SQL function `flow_key` defines them. */

/** Names of keys, and what they are. */
export const KEYS: Readonly<Record<string, string>> = {
  all: 'everything in one row',
  src: 'source address',
  dst: 'destination address',
  address: 'address at either end; a flow counts at both',
  pair: 'source and destination',
  src_port: 'source port',
  dst_port: 'destination port',
  service: 'lower port',
  protocol: 'IP protocol',
  src_as: 'autonomous system of the source',
  dst_as: 'autonomous system of the destination',
  exporter: 'exporter',
  input_if: 'input interface',
  output_if: 'output interface',
  interface: 'exporter and interface, in or out; a flow counts at both',
  direction: 'ingress or egress',
  tos: 'type of service',
  prefix: 'prefix of exporter_prefixes',
  application: 'application that the exporter recognised',
}

/** Words of nfdump for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  srcip: 'src',
  dstip: 'dst',
  ip: 'address',
  srcport: 'src_port',
  dstport: 'dst_port',
  port: 'service',
  proto: 'protocol',
  srcas: 'src_as',
  dstas: 'dst_as',
  router: 'exporter',
  inif: 'input_if',
  outif: 'output_if',
  if: 'interface',
  srctos: 'tos',
}

/** Only a reporting database over several sites knows this key. */
const SITE = 'site'

/** Keys under which a flow counts twice: once at each end. */
export const EITHER_END: readonly string[] = ['address', 'interface']

/**
 * Returns the name of a key as the functions of the database know it. Networks are keys, too:
 * `src/24`, `dst/48`, `src/24,56` (IPv4, IPv6).
 *
 * @returns undefined for an unknown key
 */
export function normalizeKey(word: string): string | undefined {
  const key = word.toLowerCase().replaceAll('-', '_')
  const name = ALIASES[key] ?? key
  if (Object.hasOwn(KEYS, name) || name === SITE) return name
  const network = /^(src|dst)(?:ip4?|ip6)?(\/\d{1,3}(?:,\d{1,3})?)$/.exec(key)
  if (!network) return undefined
  const [, end = '', lengths = ''] = network
  return lengths
    .slice(1)
    .split(',')
    .every((length) => Number(length) <= 128)
    ? end + lengths
    : undefined
}
