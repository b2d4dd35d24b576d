/**
 * Parses IP addresses and networks. This is the only parser of addresses in the writer.
 * Invalid text returns undefined; nothing throws.
 */

import { isIPv4, isIPv6 } from 'node:net'
import { addressText } from '../netflow/address-text.ts'

/** An IPv4 or IPv6 network. */
interface Cidr {
  /** Its address, as `addressText` writes it. */
  readonly network: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** `::ffff:0:0/96`: a dual-stack socket shows IPv4 addresses in this network. */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0xffff] as const

/**
 * Parses an IPv4 or IPv6 address. An IPv4-mapped address becomes IPv4; a zone id is dropped.
 *
 * @returns 4 or 16 bytes, or undefined when the text is no address
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text)) return undefined
  const groups = parseGroups(text)
  const isMapped = MAPPED_PREFIX.every((group, index) => groups[index] === group)
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
  return isMapped ? bytes.subarray(12) : bytes
}

/**
 * Parses a network such as `10.0.0.0/8`, or a single address. An IPv4-mapped network becomes IPv4;
 * a zone id is an error.
 */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefixText, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (bytes === undefined || address.includes('%') || rest.length > 0) return undefined
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined
  const writtenBits = isIPv4(address) ? 32 : 128
  const writtenPrefix = prefixText === undefined ? writtenBits : Number(prefixText)
  // The written prefix of an IPv4-mapped network includes the 96 bits of the mapping.
  const prefix = writtenPrefix - (writtenBits - bytes.length * 8)
  if (prefix < 0 || writtenPrefix > writtenBits) return undefined
  return { network: addressText(bytes), prefix, family: bytes.length === 4 ? 'ipv4' : 'ipv6' }
}

/** Returns the eight groups of a valid IPv6 address. */
function parseGroups(text: string): number[] {
  const [head = '', tail] = text.replace(/%.*$/, '').split('::')
  const left = parseHalf(head)
  if (tail === undefined) return left
  const right = parseHalf(tail)
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function parseHalf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}
