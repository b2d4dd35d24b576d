/** Checks the values of a test, and finds the fields of a flow that it is about. */

import { formatNetwork, isHost, parseNetmask, parseNetwork, truncate } from '../address.ts'
import { FilterError } from './filter-error.ts'
import type { TestSyntax, ValueSyntax } from './filter-parser.js'
import type { Comparison, Condition, FilterTest } from './filter-tree.ts'
import { protocolNumber } from './protocols.ts'

const MAX_LIST = 10_000
const MAX_INT64 = 2n ** 63n - 1n

/** The fields of each subject: that of the source, then that of the destination; or a single one. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  address: ['src_addr', 'dst_addr'],
  port: ['src_port', 'dst_port'],
  as: ['src_as', 'dst_as'],
  if: ['input_if', 'output_if'],
  vlan: ['src_vlan', 'dst_vlan'],
  mask: ['src_mask', 'dst_mask'],
  mac: ['src_mac', 'dst_mac'],
  'nat address': ['nat_src_addr', 'nat_dst_addr'],
  'nat port': ['nat_src_port', 'nat_dst_port'],
  proto: ['protocol'],
  'icmp type': ['icmp_type'],
  'icmp code': ['icmp_code'],
  flags: ['tcp_flags'],
  exporter: ['exporter'],
  next: ['next_hop'],
  domain: ['observation_domain'],
  version: ['export_version'],
  family: ['src_addr', 'dst_addr'],
  flowdir: ['direction'],
}

/** The greatest value of a subject. */
const GREATEST: Readonly<Record<string, bigint>> = {
  port: 65_535n,
  'nat port': 65_535n,
  as: 4_294_967_295n,
  if: 4_294_967_295n,
  vlan: 4095n,
  mask: 128n,
  'icmp type': 255n,
  'icmp code': 255n,
  tos: 255n,
  ttl: 255n,
  domain: 4_294_967_295n,
  version: 10n,
}

const SCALES = { '': 1n, k: 1000n, m: 1_000_000n, g: 1_000_000_000n, t: 1_000_000_000_000n }

/**
 * Checks a test.
 *
 * @throws FilterError
 */
export function checkTest(test: TestSyntax): FilterTest {
  if (test.values.length > MAX_LIST) {
    throw new FilterError(`the list has more than ${MAX_LIST} entries`, test.at)
  }
  const both = FIELDS[test.subject] ?? [test.subject]
  const fields = test.ends === 'src' ? both.slice(0, 1) : test.ends === 'dst' ? both.slice(1) : both
  return {
    kind: 'test',
    at: test.at,
    fields,
    every: test.ends === 'both',
    condition: checkCondition(test),
    ...(test.name !== undefined && { element: test.name }),
  }
}

function checkCondition(test: TestSyntax): Condition {
  const [first] = test.values
  switch (test.subject) {
    case 'address':
    case 'next':
    case 'nat address':
      return checkAddresses(test.values)
    case 'exporter':
      return checkExporters(test.values)
    case 'proto':
      return { is: 'within', ranges: test.values.map(checkProtocol) }
    case 'flags':
      return checkFlags(first ?? missing(test))
    case 'family':
      return { is: 'family', version: first?.text === '4' ? 4 : 6 }
    case 'flowdir':
      return equals(first?.text === 'egress' || first?.text === '1' ? '1' : '0')
    case 'mac':
      return { is: 'text', value: checkMac(first ?? missing(test)) }
    case 'extra':
      return checkElement(test)
    default:
      return first?.isName ? { is: 'named', name: first.text } : checkNumbers(test)
  }
}

function missing(test: TestSyntax): never {
  throw new FilterError(`"${test.subject}" has no value`, test.at)
}

function equals(value: string): Condition {
  return { is: 'compared', cmp: '=', value }
}

function checkAddresses(values: readonly ValueSyntax[]): Condition & { is: 'address' } {
  const networks = values.map((value) => {
    const network = parseNetwork(value.text)
    if (!network) {
      throw new FilterError(
        `"${value.text}" is no address or network, such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32` +
          (/[g-z]/i.test(value.text) ? '; names of hosts are not looked up' : ''),
        value.at,
      )
    }
    if (!value.mask) return network
    const length = parseNetmask(value.mask.text)
    if (length !== undefined && network.version === 4) return truncate({ ...network, length })
    throw new FilterError(
      `"${value.mask.text}" is no netmask of IPv4, such as 255.255.255.0`,
      value.mask.at,
    )
  })
  return {
    is: 'address',
    hosts: networks.filter(isHost).map(formatNetwork),
    networks: networks.filter((network) => !isHost(network)).map(formatNetwork),
  }
}

function checkExporters(values: readonly ValueSyntax[]): Condition {
  const isAddress = ({ text }: ValueSyntax) => parseNetwork(text) !== undefined
  return {
    is: 'exporter',
    addresses: checkAddresses(values.filter(isAddress)),
    names: values.filter((value) => !isAddress(value)).map(({ text }) => text),
  }
}

function checkProtocol(value: ValueSyntax): readonly [string, string] {
  const number = /^\d{1,3}$/.test(value.text) ? Number(value.text) : protocolNumber(value.text)
  if (number !== undefined && number < 256) return [String(number), String(number)]
  throw new FilterError(
    `"${value.text}" is no protocol: expected a name, such as tcp, or a number up to 255`,
    value.at,
  )
}

function checkNumbers(test: TestSyntax): Condition {
  const greatest = GREATEST[test.subject] ?? MAX_INT64
  const { cmp, values } = test
  const [first] = values
  if (cmp !== null && first) {
    return { is: 'compared', cmp: cmp as Comparison, value: checkNumber(first, greatest) }
  }
  const ranges = values.map((value) => {
    const from = checkNumber(value, greatest)
    const to = value.to ? checkNumber(value.to, greatest) : from
    if (BigInt(to) < BigInt(from)) {
      throw new FilterError(`the range ends before it begins: ${from}-${to}`, value.at)
    }
    return [from, to] as const
  })
  return { is: 'within', ranges }
}

function checkNumber(value: ValueSyntax, greatest: bigint): string {
  const scale = SCALES[(value.unit ?? '') as keyof typeof SCALES]
  // A longer text is too large whatever its digits are, and would take long to read.
  const number = value.text.length > 20 ? MAX_INT64 + 1n : BigInt(value.text) * scale
  if (number <= greatest) return String(number)
  throw new FilterError(
    `${value.text}${value.unit ?? ''} is too large: at most ${greatest}`,
    value.at,
  )
}

const FLAGS: Readonly<Record<string, number>> = {
  F: 1,
  S: 2,
  R: 4,
  P: 8,
  A: 16,
  U: 32,
  E: 64,
  C: 128,
  X: 63,
}

/** `SA`: these flags are set, others may be. `S/SA`: of the flags after the stroke, only S is set. */
function checkFlags({ text, at }: ValueSyntax): Condition {
  const [letters = '', maskLetters] = text.split('/')
  const bits = (word: string) => {
    if (/^\d+$/.test(word) && Number(word) < 256) return Number(word)
    const parts = [...word.toUpperCase()].map((letter) => FLAGS[letter])
    if (parts.every((part) => part !== undefined)) return parts.reduce((all, part) => all | part, 0)
    throw new FilterError(
      `"${word}" are no flags: expected letters of CEUAPRSF, or X for UAPRSF`,
      at,
    )
  }
  const set = bits(letters)
  const mask = maskLetters === undefined ? set : bits(maskLetters)
  if ((set & ~mask) !== 0) {
    throw new FilterError(
      `"${text}" never holds: name every flag before the stroke after it, too`,
      at,
    )
  }
  return { is: 'flags', set, mask: maskLetters === undefined && set === 0 ? 255 : mask }
}

function checkMac({ text, at }: ValueSyntax): string {
  const digits = text.replace(/[:.-]/g, '').toLowerCase()
  if (!/^[0-9a-f]{12}$/.test(digits)) {
    throw new FilterError(`"${text}" is no MAC address, such as 00:00:5e:00:53:01`, at)
  }
  return digits.replace(/(..)(?=.)/g, '$1:')
}

function checkElement({ cmp, values: [value] }: TestSyntax): Condition {
  if (!value || cmp === null) return { is: 'present' }
  const isNumber = !value.isText && /^-?\d{1,30}(\.\d{1,30})?$/.test(value.text)
  if (isNumber) return { is: 'compared', cmp: cmp as Comparison, value: value.text }
  if (cmp === '=') return { is: 'text', value: value.text }
  throw new FilterError(
    `"${value.text}" is no number: texts are compared by = and != only`,
    value.at,
  )
}
