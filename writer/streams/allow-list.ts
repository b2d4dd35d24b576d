/** Says which addresses may be exporters, by a list of CIDRs. It resolves no names. */

import { BlockList, isIP } from 'node:net'
import { formatAddress, parseAddress } from './ip-address.ts'

/** Tells whether a text is an address or a network such as `10.0.0.0/8` or `2001:db8::/32`. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined
}

/** The exporters that are allowed; an empty list allows all. */
export class AllowList {
  readonly #networks = new BlockList()
  readonly #allowsAll: boolean

  /** @throws RangeError when an entry is no CIDR; settings are checked with `isCidr` before. */
  constructor(cidrs: readonly string[]) {
    this.#allowsAll = cidrs.length === 0
    for (const text of cidrs) {
      const cidr = parseCidr(text)
      if (cidr === undefined) throw new RangeError(`not a CIDR: ${text}`)
      this.#networks.addSubnet(cidr.network, cidr.prefix, cidr.family)
    }
  }

  /** @param address as `formatAddress` writes it */
  allows(address: string): boolean {
    if (this.#allowsAll) return true
    return this.#networks.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
  }
}

interface Cidr {
  readonly network: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefixText, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (bytes === undefined || address.includes('%') || rest.length > 0) return undefined
  const writtenBits = isIP(address) === 4 ? 32 : 128
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined
  const writtenPrefix = prefixText === undefined ? writtenBits : Number(prefixText)
  // The prefix of an IPv4-mapped network counts the 96 bits that were taken off.
  const prefix = writtenPrefix - (writtenBits - bytes.length * 8)
  if (prefix < 0 || writtenPrefix > writtenBits) return undefined
  return { network: formatAddress(bytes), prefix, family: bytes.length === 4 ? 'ipv4' : 'ipv6' }
}
