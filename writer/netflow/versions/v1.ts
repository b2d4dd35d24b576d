/** Decodes the fixed records of NetFlow v1; its messages carry no sequence number. */

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

export const V1_LAYOUT: FixedLayout = {
  headerBytes: 16,
  recordBytes: 48,
  plan: PORTS_PLAN,
  read: readV1Record,
}

const V1_FIELDS = presentBits([...COMMON_FIELDS, FIELD.protocol, FIELD.tos, FIELD.tcpFlags])

/**
 *     v1 record = common pad16 protocol8 tos8 tcpFlags8 pad24 reserved32                  48 bytes
 */
function readV1Record(reader: RecordReader, { view }: DatagramBytes, offset: number): void {
  const { record } = reader
  readCommonFields(reader, view, offset)
  record.values[FIELD.protocol] = view.getUint8(offset + 38)
  record.values[FIELD.tos] = view.getUint8(offset + 39)
  record.values[FIELD.tcpFlags] = view.getUint8(offset + 40)
  record.present = V1_FIELDS
}
