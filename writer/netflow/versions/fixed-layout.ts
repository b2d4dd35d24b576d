/**
 * What the versions without templates have in common: a layout of records that everybody knows, and
 * the fields that most of them begin with. It reads no header.
 */

import type { FieldSpecifier } from '../elements/field-specifier.ts'
import { FIELD, type Field } from '../flow-record.ts'
import { type Plan, planRecord } from '../plan/plan.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import { uptimeToMicros } from '../records/message-times.ts'
import type { RecordReader } from '../records/record-reader.ts'

/** How the messages of a version (of v8: of an aggregation scheme) are laid out. */
export interface FixedLayout {
  readonly headerBytes: number
  readonly recordBytes: number
  /** What the finishing touches need to know of the record. */
  readonly plan: Plan
  /** Reads the record at `offset` into `reader`; all `recordBytes` of it are there. */
  readonly read: (reader: RecordReader, datagram: DatagramBytes, offset: number) => void
}

/** Records with columns for all that they share need a plan for the names of ICMP's odd ports only. */
export const PORTS_PLAN = planRecord(
  [7, 11].map((id) => ({ enterprise: 0, id, length: 2 }) satisfies FieldSpecifier),
)

/** Makes the bits of `FlowRecord.present` for these fields. */
export function presentBits(fields: readonly Field[]): number {
  return fields.reduce<number>((bits, field) => bits | (1 << field), 0)
}

/** The fields that `readCommonFields` fills. */
export const COMMON_FIELDS = [
  FIELD.srcAddr,
  FIELD.dstAddr,
  FIELD.nextHop,
  FIELD.inputIf,
  FIELD.outputIf,
  FIELD.packets,
  FIELD.bytes,
  FIELD.flowStart,
  FIELD.flowEnd,
  FIELD.srcPort,
  FIELD.dstPort,
] as const

/**
 * Reads what the records of v1, v5, v6 and v7 begin with; `record.present` is left to the caller.
 *
 *     common = srcAddr32 dstAddr32 nextHop32 input16 output16 packets32 octets32 first32 last32
 *              srcPort16 dstPort16                                                      36 bytes
 */
export function readCommonFields(
  { record, times }: RecordReader,
  view: DataView,
  offset: number,
): void {
  const { values, addresses, families } = record
  addresses[FIELD.srcAddr * 4] = view.getUint32(offset)
  addresses[FIELD.dstAddr * 4] = view.getUint32(offset + 4)
  addresses[FIELD.nextHop * 4] = view.getUint32(offset + 8)
  families.fill(4)
  values[FIELD.inputIf] = view.getUint16(offset + 12)
  values[FIELD.outputIf] = view.getUint16(offset + 14)
  values[FIELD.packets] = view.getUint32(offset + 16)
  values[FIELD.bytes] = view.getUint32(offset + 20)
  record.packetsHigh = 0
  record.bytesHigh = 0
  values[FIELD.flowStart] = uptimeToMicros(times, view.getUint32(offset + 24))
  values[FIELD.flowEnd] = uptimeToMicros(times, view.getUint32(offset + 28))
  values[FIELD.srcPort] = view.getUint16(offset + 32)
  values[FIELD.dstPort] = view.getUint16(offset + 34)
}
