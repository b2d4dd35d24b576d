/** Reads the value of a field of options data, by its data type. */

import { addressText } from '../capture/address-text.ts'
import type { WireField } from '../message/wire-template.ts'

/** Reads a value: as a number where JSON can hold it exactly, else as text. Octets are hex digits. */
export function readField({ type = '' }: WireField, bytes: Buffer): string | number | boolean {
  const { length } = bytes
  switch (type) {
    case 'ipv4Address':
      return length === 4 ? addressText(bytes) : bytes.toString('hex')
    case 'ipv6Address':
      return length === 16 ? addressText(bytes) : bytes.toString('hex')
    case 'macAddress':
      return bytes.toString('hex').replace(/..(?=.)/g, '$&:')
    case 'string':
      return bytes.toString('utf8').replace(/\0+$/, '')
    case 'boolean':
      // 1 is true and 2 is false (RFC 7011 section 6.1.5).
      return bytes[length - 1] === 1
    case 'float32':
    case 'float64':
      if (length === 4) return bytes.readFloatBE(0)
      return length === 8 ? bytes.readDoubleBE(0) : bytes.toString('hex')
    default:
      return /^(unsigned|signed|dateTime)/.test(type) && length <= 8
        ? readInteger(bytes, type.startsWith('signed') ? BigInt.asIntN : BigInt.asUintN)
        : bytes.toString('hex')
  }
}

function readInteger(bytes: Buffer, as: typeof BigInt.asIntN): number | string {
  if (bytes.length === 0) return 0
  const value = as(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
