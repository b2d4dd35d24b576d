/**
 * Reads the records of NetFlow v1, v5, v6 and v7: fixed layouts that share their first 36 bytes. One
 * table holds where the versions differ.
 *
 *     common    = srcAddr32 dstAddr32 nextHop32 input16 output16 packets32 octets32 first32 last32
 *                 srcPort16 dstPort16                                                   36 bytes
 *     routing   = srcAs16 dstAs16 srcMask8 dstMask8                                      6 bytes
 *     v1 record = common pad16 protocol8 tos8 tcpFlags8 pad24 reserved32                48 bytes
 *     v5 record = common pad8 tcpFlags8 protocol8 tos8 routing pad16                    48 bytes
 *     v6 record = common pad8 tcpFlags8 protocol8 tos8 routing inEncaps8 outEncaps8
 *                 peerNextHop32                                                         52 bytes
 *     v7 record = common flags8 tcpFlags8 protocol8 tos8 routing flags16 routerSc32     52 bytes
 */

import type { FieldSpecifier } from '../elements/field-specifier.ts'
import { IE } from '../elements/information-elements.ts'
import { FIELD, type Field } from '../flow-record.ts'
import { FORMAT, type Format, formatJson, jsonKey } from '../plan/extra-json.ts'
import { type Plan, planRecord } from '../plan/plan.ts'
import { type DatagramBytes, readUint } from '../plan/read-bytes.ts'
import { uptimeToMicros } from '../records/message-times.ts'
import type { RecordReader } from '../records/record-reader.ts'

/** The parts of a version's header; its grammar is in `message-header.ts`. */
export interface FixedHeader {
  readonly bytes: number
  readonly hasSequence: boolean
  readonly hasEngine: boolean
  readonly hasSampling: boolean
}

/** The layout of the messages of a version; in v8, of an aggregation scheme. */
export interface FixedLayout {
  readonly header: FixedHeader
  readonly recordBytes: number
  /** By this plan `finishRecord` completes a record. */
  readonly plan: Plan
  /** Reads the record at `offset` into `reader`; the caller has checked that it is whole. */
  readonly read: (reader: RecordReader, datagram: DatagramBytes, offset: number) => void
}

/** A field without a column; its value goes to `extra`. */
interface ExtraField {
  readonly name: string
  readonly offset: number
  readonly length: number
  readonly format: Format
}

/** The differences between the versions. Offsets are from the start of the record. */
interface RecordLayout {
  readonly bytes: number
  /** Each layout has code of its own: with offsets from a table, v5 takes 1.3 times as long. */
  readonly read: FixedLayout['read']
  readonly extraFields: readonly ExtraField[]
  /** Whether an extra field of value 0 is left out. */
  readonly omitsZeros: boolean
}

const V1: RecordLayout = { bytes: 48, read: readV1, extraFields: [], omitsZeros: false }

const V5: RecordLayout = { ...V1, read: readV5 }

/** inEncaps and outEncaps are bytes of encapsulation. */
const V6: RecordLayout = {
  ...V5,
  bytes: 52,
  extraFields: [
    { name: 'inEncaps', offset: 46, length: 1, format: FORMAT.uint },
    { name: 'outEncaps', offset: 47, length: 1, format: FORMAT.uint },
    { name: 'peerNextHop', offset: 48, length: 4, format: FORMAT.ipv4 },
  ],
}

/**
 * The flags mark invalid fields, but no document says which bit means which field: values and flags
 * are both kept. routerSc is the router whose work the switch did. Zeros are omitted because most
 * records have nothing else for `extra`: flags 0 mean that all fields are valid, and 0.0.0.0 means
 * no router.
 */
const V7: RecordLayout = {
  ...V5,
  bytes: 52,
  extraFields: [
    { name: 'flags', offset: 36, length: 1, format: FORMAT.uint },
    { name: 'flags2', offset: 46, length: 2, format: FORMAT.uint },
    { name: 'routerSc', offset: 48, length: 4, format: FORMAT.ipv4 },
  ],
  omitsZeros: true,
}

/** The fields that the records of all four versions have. */
const COMMON_FIELDS = [
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
  FIELD.protocol,
  FIELD.tos,
  FIELD.tcpFlags,
] as const
const ROUTING = [FIELD.srcAs, FIELD.dstAs, FIELD.srcMask, FIELD.dstMask] as const
const COMMON_BITS = presentBits(COMMON_FIELDS)
const ROUTING_BITS = presentBits([...COMMON_FIELDS, ...ROUTING])

const NO_FEATURES = { hasSequence: false, hasEngine: false, hasSampling: false }
const ALL_FEATURES = { hasSequence: true, hasEngine: true, hasSampling: true }

/** The layouts by export version. */
export const FIXED_LAYOUTS: ReadonlyMap<number, FixedLayout> = new Map([
  [1, layOut({ bytes: 16, ...NO_FEATURES }, V1)],
  [5, layOut({ bytes: 24, ...ALL_FEATURES }, V5)],
  [6, layOut({ bytes: 24, ...ALL_FEATURES }, V6)],
  [7, layOut({ bytes: 24, ...NO_FEATURES, hasSequence: true }, V7)],
])

function layOut(header: FixedHeader, record: RecordLayout): FixedLayout {
  // The plan names only the ports: ICMP keeps odd port values in `extra` under these names.
  const plan = planRecord(
    [IE.sourceTransportPort, IE.destinationTransportPort].map((id): FieldSpecifier => {
      return { enterprise: 0, id, length: 2 }
    }),
  )
  const { read, extraFields } = record
  if (extraFields.length === 0) return { header, recordBytes: record.bytes, plan, read }
  const addExtra = extraWriter(record)
  const readAll: FixedLayout['read'] = (reader, datagram, offset) => {
    read(reader, datagram, offset)
    addExtra(reader, datagram, offset)
  }
  return { header, recordBytes: record.bytes, plan, read: readAll }
}

function presentBits(fields: readonly Field[]): number {
  return fields.reduce<number>((bits, field) => bits | (1 << field), 0)
}

function readCommon({ record, times }: RecordReader, view: DataView, offset: number): void {
  const { values, addresses, families } = record
  addresses[FIELD.srcAddr * 4] = view.getUint32(offset)
  addresses[FIELD.dstAddr * 4] = view.getUint32(offset + 4)
  addresses[FIELD.nextHop * 4] = view.getUint32(offset + 8)
  // A call of `fill` takes longer than all other lines of this function.
  families[FIELD.srcAddr] = 4
  families[FIELD.dstAddr] = 4
  families[FIELD.nextHop] = 4
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

function readV1(reader: RecordReader, { view }: DatagramBytes, offset: number): void {
  const { record } = reader
  const { values } = record
  readCommon(reader, view, offset)
  values[FIELD.protocol] = view.getUint8(offset + 38)
  values[FIELD.tos] = view.getUint8(offset + 39)
  values[FIELD.tcpFlags] = view.getUint8(offset + 40)
  record.present = COMMON_BITS
}

function readV5(reader: RecordReader, { view }: DatagramBytes, offset: number): void {
  const { record } = reader
  const { values } = record
  readCommon(reader, view, offset)
  values[FIELD.tcpFlags] = view.getUint8(offset + 37)
  values[FIELD.protocol] = view.getUint8(offset + 38)
  values[FIELD.tos] = view.getUint8(offset + 39)
  values[FIELD.srcAs] = view.getUint16(offset + 40)
  values[FIELD.dstAs] = view.getUint16(offset + 42)
  values[FIELD.srcMask] = view.getUint8(offset + 44)
  values[FIELD.dstMask] = view.getUint8(offset + 45)
  record.present = ROUTING_BITS
}

function extraWriter({ extraFields, omitsZeros }: RecordLayout): FixedLayout['read'] {
  const fields = extraFields.map((field) => ({ ...field, key: jsonKey(field.name) }))
  return (reader, datagram, recordOffset) => {
    for (const { key, offset, length, format } of fields) {
      const at = recordOffset + offset
      if (omitsZeros && readUint(datagram.view, at, length) === 0) continue
      reader.addExtra(key, formatJson(format, datagram, at, length))
    }
  }
}
