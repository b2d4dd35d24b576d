/**
 * Makes datagrams anonymous for a bug report: structure, templates, counters, times and numbers stay,
 * and what names somebody is replaced. `README.md` has the table of what becomes of each field.
 */

import { isIPv4 } from 'node:net'
import { addressText } from '../capture/address-text.ts'
import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import { MessageWalker, type WalkResult } from '../message/message-walker.ts'
import type { WireField } from '../message/wire-template.ts'
import { AddressCipher } from './address-cipher.ts'

/** Octets that name nobody: applications, MPLS labels, padding. */
const PLAIN_OCTETS: ReadonlySet<string> = new Set([
  'applicationId',
  'paddingOctets',
  'mplsTopLabelStackSection',
  ...Array.from({ length: 9 }, (_, index) => `mplsLabelStackSection${index + 2}`),
])

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const NUMBERS = /^(unsigned|signed|float|dateTime|boolean)/
const ADDRESS_BYTES: ReadonlyMap<string, number> = new Map([
  ['ipv4Address', 4],
  ['ipv6Address', 16],
  ['macAddress', 6],
])

/** The result of one datagram. */
export type Anonymized =
  | { readonly result: 'whole'; readonly datagram: CapturedDatagram }
  | { readonly result: Exclude<WalkResult, 'whole'> }

export class Anonymizer {
  readonly #cipher: AddressCipher
  readonly #walker = new MessageWalker()

  constructor(key: string | Buffer) {
    this.#cipher = new AddressCipher(key)
  }

  /** Replaces an address as text; other text, which is no address, by letters. */
  replaceAddress(address: string): string {
    const bytes = parseAddress(address)
    return bytes ? addressText(this.#cipher.replace(bytes)) : this.#letters(Buffer.from(address))
  }

  /** Returns an anonymous copy. A datagram that cannot be read is not copied: nobody knows what it says. */
  anonymize(datagram: CapturedDatagram): Anonymized {
    const payload = Buffer.from(datagram.payload)
    const result = this.#walker.walk(payload, datagram, {
      field: (field, offset, length) => {
        this.#replace(field, payload.subarray(offset, offset + length))
      },
      padding: (offset, end) => {
        payload.fill(0, offset, end)
      },
    })
    if (result !== 'whole') return { result }
    const address = this.replaceAddress(datagram.address)
    return { result, datagram: { ...datagram, payload, address } }
  }

  #replace({ type, name }: WireField, value: Buffer): void {
    if (type !== undefined && NUMBERS.test(type)) return
    if (type === 'octetArray' && PLAIN_OCTETS.has(name)) return
    if (type !== undefined && ADDRESS_BYTES.get(type) === value.length) {
      const replaced = type === 'macAddress' ? this.#mac(value) : this.#cipher.replace(value)
      replaced.copy(value)
    } else if (type === 'string') {
      value.write(this.#letters(value), 'latin1')
    } else {
      this.#cipher.scramble(name, value).copy(value)
    }
  }

  /** A group address stays one; no address stays none. */
  #mac(value: Buffer): Buffer {
    if (value.every((byte) => byte === 0 || byte === 0xff)) return Buffer.from(value)
    const replaced = this.#cipher.scramble('mac', value)
    replaced[0] = ((replaced[0] as number) & 0xfe) | ((value[0] as number) & 1)
    return replaced
  }

  /** Letters in place of text; the zeros that fill it up stay. */
  #letters(value: Buffer): string {
    const zero = value.indexOf(0)
    const text = zero < 0 ? value : value.subarray(0, zero)
    const letters = Array.from(this.#cipher.scramble('text', text), (byte) => LETTERS[byte % 26])
    return letters.join('') + '\0'.repeat(value.length - text.length)
  }
}

function parseAddress(address: string): Buffer | undefined {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!/^[0-9a-f:.]+$/i.test(address) || !address.includes(':')) return undefined
  const [head = '', tail] = address.split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const missing = 8 - left.length - right.length
  if (missing < 0 || (tail === undefined && missing > 0)) return undefined
  const bytes = Buffer.alloc(16)
  left.forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2)
  })
  right.forEach((group, index) => {
    bytes.writeUInt16BE(group, 16 - (right.length - index) * 2)
  })
  return bytes
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!isIPv4(group)) return [Number.parseInt(group, 16) & 0xffff]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
