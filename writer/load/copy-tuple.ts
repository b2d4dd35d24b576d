/** Reads a tuple of binary COPY back, for people who look at a row that the database refused. */

import { type ColumnType, FLOW_COLUMNS } from './flow-columns.ts'

const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n

/** Gives the values of a row by column name, as JSON: absent ones are left out. */
export function describeTuple(tuple: Buffer): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  let at = 2
  for (const { name, type } of FLOW_COLUMNS) {
    const length = tuple.readInt32BE(at)
    at += 4
    if (length < 0) continue
    values[name] = describeValue(type, tuple.subarray(at, at + length))
    at += length
  }
  return values
}

function describeValue(type: ColumnType, bytes: Buffer): unknown {
  switch (type) {
    case 'timestamptz':
      return describeTime(bytes.readBigInt64BE() + POSTGRES_EPOCH_MICROS)
    case 'bigint':
      return describeBigint(bytes.readBigInt64BE())
    case 'integer':
      return bytes.readInt32BE()
    case 'smallint':
      return bytes.readInt16BE()
    case 'macaddr':
      return bytes.toString('hex').replace(/..(?=.)/g, '$&:')
    case 'inet':
      return bytes.length === 8 ? bytes.subarray(4).join('.') : ipv6Groups(bytes.subarray(4))
    default:
      // Text, not JSON: what the database refuses may be the JSON itself. No text holds a NUL.
      return bytes.toString('utf8', 1).replaceAll('\0', '\ufffd')
  }
}

function describeBigint(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** ISO 8601 with microseconds; the encoder lets no time before 1970 through. */
function describeTime(unixMicros: bigint): string {
  const seconds = new Date(Number(unixMicros / 1_000_000n) * 1000).toISOString().slice(0, -5)
  return `${seconds}.${String(unixMicros % 1_000_000n).padStart(6, '0')}Z`
}

function ipv6Groups(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2))
  return groups.map((group) => group.toString(16)).join(':')
}
