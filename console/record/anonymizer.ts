/**
 * Makes datagrams anonymous for a bug report: addresses, names and unknown octets are replaced.
 * Structure, templates, counters, times and numbers stay. `README.md` has a table of all contents.
 */

import { isIP } from 'node:net'
import { addressText } from '../capture/address-text.ts'
import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import { MessageWalker, type WalkResult } from '../message/message-walker.ts'
import type { WireField } from '../message/wire-template.ts'
import { parseNetwork } from '../query/address.ts'
import { AddressCipher } from './address-cipher.ts'

/** Octets that identify nobody: applications, MPLS labels, padding. */
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

/** An anonymous datagram, or the reason why there is none. */
type Anonymized =
  | { readonly result: 'whole'; readonly datagram: CapturedDatagram }
  | { readonly result: Exclude<WalkResult, 'whole'> }

export class Anonymizer {
  readonly #cipher: AddressCipher
  readonly #walker = new MessageWalker()

  constructor(key: string | Buffer) {
    this.#cipher = new AddressCipher(key)
  }

  /** Replaces the text of an address; any other text becomes letters. */
  #replaceAddress(address: string): string {
    const bytes = parseAddress(address)
    return bytes ? addressText(this.#cipher.replace(bytes)) : this.#letters(Buffer.from(address))
  }

  /** Returns an anonymous copy, unless the datagram cannot be read: it might name somebody. */
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
    const address = this.#replaceAddress(datagram.address)
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

  /** A group address stays a group address; all zeros and all ones stay. */
  #mac(value: Buffer): Buffer {
    if (value.every((byte) => byte === 0 || byte === 0xff)) return Buffer.from(value)
    const replaced = this.#cipher.scramble('mac', value)
    replaced[0] = ((replaced[0] as number) & 0xfe) | ((value[0] as number) & 1)
    return replaced
  }

  /** Returns letters in place of a text; the zeros that fill it up stay. */
  #letters(value: Buffer): string {
    const zero = value.indexOf(0)
    const text = zero < 0 ? value : value.subarray(0, zero)
    const letters = Array.from(this.#cipher.scramble('text', text), (byte) => LETTERS[byte % 26])
    return letters.join('') + '\0'.repeat(value.length - text.length)
  }
}

/** Returns the bytes of an address; undefined for any other text. */
function parseAddress(text: string): Buffer | undefined {
  const address = isIP(text) === 0 ? undefined : parseNetwork(text)
  if (!address) return undefined
  const digits = address.version === 4 ? 8 : 32
  return Buffer.from(address.bits.toString(16).padStart(digits, '0'), 'hex')
}
