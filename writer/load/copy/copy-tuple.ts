/** Reads tuples of binary COPY back: to show them to people, and to add columns to them. */

import { addressText } from '../../netflow/address-text.ts'
import { POSTGRES_EPOCH_MICROS } from '../tables/encode-array.ts'
import type { RowBuffer } from './copy-row.ts'
import { type ColumnType, columnsOf } from './flow-columns.ts'

/**
 * Returns the values of a row by column name, as JSON; absent ones are left out.
 *
 * @param fields that the tuple has columns for, bit per `FIELD`
 */
export function describeTuple(tuple: Buffer, fields: number): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  let at = 2
  for (const { name, type } of columnsOf(fields)) {
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
      return describeTime(bytes.readBigInt64BE() + BigInt(POSTGRES_EPOCH_MICROS))
    case 'bigint':
      return describeBigint(bytes.readBigInt64BE())
    case 'integer':
      return bytes.readInt32BE()
    case 'smallint':
      return bytes.readInt16BE()
    case 'macaddr':
      return bytes.toString('hex').replace(/..(?=.)/g, '$&:')
    case 'inet':
      return addressText(bytes.subarray(4))
    default:
      // As text, since the JSON may be why the database refused the row. Its text holds no NUL.
      return bytes.toString('utf8', 1).replaceAll('\0', '\ufffd')
  }
}

function describeBigint(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** Writes ISO 8601 with microseconds; the encoder writes no time before 1970. */
function describeTime(unixMicros: bigint): string {
  const seconds = new Date(Number(unixMicros / 1_000_000n) * 1000).toISOString().slice(0, -5)
  return `${seconds}.${String(unixMicros % 1_000_000n).padStart(6, '0')}Z`
}

/**
 * Writes a tuple again with columns for more fields, all of them NULL.
 *
 * @param target has room for the tuple and four bytes for each added column
 * @param fields of the tuple, bit per `FIELD`
 * @returns the offset after the tuple
 */
export function widenTuple(
  target: RowBuffer,
  start: number,
  tuple: Buffer,
  fields: number,
): number {
  target.view.setInt16(start, target.columns)
  const known = new Set(columnsOf(fields))
  let from = 2
  let at = start + 2
  for (const column of columnsOf(target.fields)) {
    if (!known.has(column)) {
      target.view.setInt32(at, -1)
      at += 4
      continue
    }
    const end = from + 4 + Math.max(0, tuple.readInt32BE(from))
    at += tuple.copy(target.bytes, at, from, end)
    from = end
  }
  return at
}
