/** Decodes the fixed records of NetFlow v5, with which those of v6 and v7 begin. */

import { FIELD } from '../flow-record.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import type { RecordReader } from '../records/record-reader.ts'
import {
  COMMON_FIELDS,
  type FixedLayout,
  PORTS_PLAN,
  presentBits,
  readCommonFields,
} from './fixed-layout.ts'

export const V5_LAYOUT: FixedLayout = {
  headerBytes: 24,
  recordBytes: 48,
  plan: PORTS_PLAN,
  read: readV5Record,
}

const V5_FIELDS = presentBits([
  ...COMMON_FIELDS,
  FIELD.tcpFlags,
  FIELD.protocol,
  FIELD.tos,
  FIELD.srcAs,
  FIELD.dstAs,
  FIELD.srcMask,
  FIELD.dstMask,
])

/**
 * Reads the record at `offset` into `reader`; its padding may mean something in other versions.
 *
 *     v5 record = common pad8 tcpFlags8 protocol8 tos8 srcAs16 dstAs16 srcMask8 dstMask8 pad16
 *                                                                                         48 bytes
 */
export function readV5Record(reader: RecordReader, { view }: DatagramBytes, offset: number): void {
  const { record } = reader
  const { values } = record
  readCommonFields(reader, view, offset)
  values[FIELD.tcpFlags] = view.getUint8(offset + 37)
  values[FIELD.protocol] = view.getUint8(offset + 38)
  values[FIELD.tos] = view.getUint8(offset + 39)
  values[FIELD.srcAs] = view.getUint16(offset + 40)
  values[FIELD.dstAs] = view.getUint16(offset + 42)
  values[FIELD.srcMask] = view.getUint8(offset + 44)
  values[FIELD.dstMask] = view.getUint8(offset + 45)
  record.present = V5_FIELDS
}
