/** The operator's list of the networks that exporters may send from. */

import { BlockList } from 'node:net'
import { parseCidr } from './ip-address.ts'

/** Whether a text is an address or a network, such as `10.0.0.0/8` or `2001:db8::/32`. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined
}

/** The exporters that are allowed; an empty list allows all. */
export class AllowList {
  readonly #networks = new BlockList()
  readonly #allowsAll: boolean

  /** @throws RangeError when an entry is no CIDR; the settings check entries first. */
  constructor(cidrs: readonly string[]) {
    this.#allowsAll = cidrs.length === 0
    for (const text of cidrs) {
      const cidr = parseCidr(text)
      if (cidr === undefined) throw new RangeError(`not a CIDR: ${text}`)
      this.#networks.addSubnet(cidr.network, cidr.prefix, cidr.family)
    }
  }

  /**
   * Whether an exporter may send from an address.
   *
   * @param address as `addressText` writes it
   */
  allows(address: string): boolean {
    if (this.#allowsAll) return true
    return this.#networks.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
  }
}
