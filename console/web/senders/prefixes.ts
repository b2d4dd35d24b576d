/** Reads the addresses of senders, and their prefixes, from a request. */

import { z } from 'zod'
import { formatNetwork, isHost, type Network, parseNetwork } from '../../query/address.ts'
import { SendersError } from './senders-error.ts'

const MAX_PREFIXES = 10_000
const MAX_NAME = 200
const BITS = { 4: 32, 6: 128 } as const
/** The first 96 bits of an IPv4 address in IPv6 form. */
const MAPPED = 0xffffn

const PREFIX = z.strictObject({
  prefix: z.string(),
  prefixLen: z.int().min(0).max(128),
  name: z
    .string()
    .max(MAX_NAME)
    .regex(/^\P{Cc}*$/u, 'has control characters')
    .optional(),
})

/** The body of PUT and DELETE. A sender as GET returns it may be sent back. */
export const PREFIXES_BODY = z.strictObject({
  ip: z.string().optional(),
  last: z.string().optional(),
  prefixes: z.array(PREFIX).max(MAX_PREFIXES),
})

export interface Prefix {
  /** A cidr of PostgreSQL, always with its length. */
  readonly cidr: string
  /** Undefined: the name stays as it is. */
  readonly name: string | undefined
}

/** @throws SendersError 400; for a prefix with bits of a host it names the network */
export function readPrefixes(body: z.infer<typeof PREFIXES_BODY>): Prefix[] {
  return body.prefixes.map(({ prefix, prefixLen, name }, index) => {
    const where = `prefixes.${index}`
    if (prefix.includes('/')) {
      throw new SendersError(400, 'a prefix is an address; its length is prefixLen', { where })
    }
    return { cidr: readCidr(prefix, String(prefixLen), where), name }
  })
}

/** Reads a network with its length, such as `172.16.1.0/24`. @throws SendersError 400 */
export function readNetworkText(text: string, where: string): string {
  const [address = '', length, ...more] = text.split('/')
  if (length === undefined || more.length > 0) throw noNetwork(text, where)
  return readCidr(address, length, where)
}

function readCidr(address: string, length: string, where: string): string {
  const host = parseNetwork(address)
  const network = parseNetwork(`${address}/${length}`)
  if (!host || !network || !isHost(host)) throw noNetwork(`${address}/${length}`, where)
  const cidr = withLength(network)
  if (host.bits !== network.bits) {
    throw new SendersError(400, `${address}/${length} has bits of a host: its network is ${cidr}`, {
      where,
    })
  }
  return cidr
}

function withLength(network: Network): string {
  const text = formatNetwork(network)
  return text.includes('/') ? text : `${text}/${BITS[network.version]}`
}

function noNetwork(text: string, where: string): SendersError {
  return new SendersError(
    400,
    `${JSON.stringify(text.slice(0, 60))} is no network: write its first address and its length`,
    { where },
  )
}

/** Reads the address in a path; IPv4 in IPv6 form is IPv4. @throws SendersError 400 */
export function readSenderAddress(text: string): string {
  const address = text.includes('/') ? undefined : parseNetwork(text)
  if (!address || !isHost(address)) {
    throw new SendersError(
      400,
      `${JSON.stringify(text.slice(0, 60))} is no IPv4 or IPv6 address; names are not resolved`,
      { where: 'ip' },
    )
  }
  const { version, bits } = address
  if (version === 6 && bits >> 32n === MAPPED) {
    return formatNetwork({ version: 4, bits: bits & 0xffffffffn, length: 32 })
  }
  return formatNetwork(address)
}
