/** Decodes the fixed records of NetFlow v5. */

import { FIELD, type FlowRecord } from './flow-record.ts'
import { V5_HEADER_BYTES, V5_RECORD_BYTES } from './message-header.ts'
import { type MessageTimes, uptimeToMicros } from './run-plan.ts'

const V5_FIELDS = [
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
  FIELD.tcpFlags,
  FIELD.protocol,
  FIELD.tos,
  FIELD.srcAs,
  FIELD.dstAs,
  FIELD.srcMask,
  FIELD.dstMask,
].reduce<number>((bits, field) => bits | (1 << field), 0)

/** Gives where the record `index` of a v5 message begins. */
export function v5RecordOffset(index: number): number {
  return V5_HEADER_BYTES + index * V5_RECORD_BYTES
}

/**
 * Reads the record at `offset`:
 *
 *     v5 record = srcAddr32 dstAddr32 nextHop32 input16 output16 packets32 octets32 first32 last32
 *                 srcPort16 dstPort16 pad8 tcpFlags8 protocol8 tos8 srcAs16 dstAs16
 *                 srcMask8 dstMask8 pad16                                               48 bytes
 */
export function readV5Record(
  view: DataView,
  offset: number,
  times: MessageTimes,
  record: FlowRecord,
): void {
  const { values, addresses, families } = record
  record.present = V5_FIELDS
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
  values[FIELD.tcpFlags] = view.getUint8(offset + 37)
  values[FIELD.protocol] = view.getUint8(offset + 38)
  values[FIELD.tos] = view.getUint8(offset + 39)
  values[FIELD.srcAs] = view.getUint16(offset + 40)
  values[FIELD.dstAs] = view.getUint16(offset + 42)
  values[FIELD.srcMask] = view.getUint8(offset + 44)
  values[FIELD.dstMask] = view.getUint8(offset + 45)
}
