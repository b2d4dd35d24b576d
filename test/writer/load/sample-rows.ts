/** Creates flow records and batches for the tests of loading. */

import { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import type { StreamChange } from '../../../writer/load/tables/exporter-streams.ts'
import {
  FIELD,
  FIELD_COUNT,
  FlowRecord,
  type MessageContext,
} from '../../../writer/netflow/flow-record.ts'

/** When the rows are received unless a test says otherwise: 2026-11-21 06:13:20.123456 UTC. */
export const RECEIVED_AT_MICROS = 1_795_241_600_123_456

/** The bits of all fields of a record. */
export const ALL_FIELDS = 2 ** FIELD_COUNT - 1

export function messageOf(changes: Partial<MessageContext> = {}): MessageContext {
  return {
    receivedAtMicros: RECEIVED_AT_MICROS,
    exporterBytes: Uint8Array.of(192, 0, 2, 1),
    observationDomain: 7,
    exportVersion: 9,
    ...changes,
  }
}

/** Creates a record that fills 25 columns, as a router's template does. */
export function typicalRecord(serial = 0): FlowRecord {
  const record = new FlowRecord()
  record.setIpv4(FIELD.srcAddr, 0xc000_0201)
  record.setIpv4(FIELD.dstAddr, 0xc633_6401)
  record.setIpv4(FIELD.nextHop, 0xcb00_7101)
  record.set(FIELD.flowStart, RECEIVED_AT_MICROS - 2_000_000)
  record.set(FIELD.flowEnd, RECEIVED_AT_MICROS - 1_000_000)
  record.setBytes(0, serial)
  record.setPackets(0, 10)
  record.set(FIELD.inputIf, 1)
  record.set(FIELD.outputIf, 2)
  record.set(FIELD.srcAs, 64_500)
  record.set(FIELD.dstAs, 4_200_000_000)
  record.set(FIELD.samplingRate, 100)
  record.set(FIELD.srcPort, 50_000)
  record.set(FIELD.dstPort, 443)
  record.set(FIELD.srcVlan, 10)
  record.set(FIELD.protocol, 6)
  record.set(FIELD.tcpFlags, 0x1b)
  record.set(FIELD.tos, 8)
  record.set(FIELD.srcMask, 24)
  record.set(FIELD.dstMask, 16)
  record.set(FIELD.direction, 0)
  return record
}

/** Which numbers the rows of a batch have; `bytes` of a row is its number. */
export interface Numbers {
  readonly from: number
  readonly count: number
  readonly receivedAtMicros?: number
}

/** Creates a batch of numbered rows; its step in the journal is one byte a row. */
export function numberedBatch({ from, count, receivedAtMicros }: Numbers): CopyBatch {
  const batch = new CopyBatch()
  const record = typicalRecord()
  const message = messageOf(receivedAtMicros === undefined ? {} : { receivedAtMicros })
  for (let number = from; number < from + count; number++) {
    record.setBytes(0, number)
    batch.append(record, message)
  }
  batch.journalTo = from + count
  batch.changes.exporters.push({
    address: '192.0.2.1',
    firstSeenMicros: RECEIVED_AT_MICROS,
    lastSeenMicros: RECEIVED_AT_MICROS + from,
    enabled: true,
  })
  return batch
}

/** A change of a stream with a value of its own in every field. */
export const STREAM_CHANGE: StreamChange = {
  exporter: '192.0.2.1',
  exportVersion: 9,
  observationDomain: 7,
  datagrams: 10,
  flowRecords: 100,
  optionsRecords: 2,
  heldSets: 3,
  releasedSets: 2,
  expiredSets: 1,
  malformedSets: 4,
  trailingBytes: 9,
  refusedSets: 9,
  implausibleTimes: 5,
  flowsWithoutRate: 1,
  late: 6,
  duplicates: 7,
  restarts: 1,
  strays: 2,
  lost: 8,
  sequenceUnit: 'datagrams',
  nextSequence: 4_294_967_295,
  sequenceState: '{"expected":12}',
  clockSkewMs: -250,
  lastTemplateMicros: RECEIVED_AT_MICROS - 1_000_000,
  systemInitMs: 1_700_000_000_123,
  mixedTemplatesMicros: null,
  systemInitEstimateMs: 1_700_000_000_456,
  suggestedByteOrder: 'little',
  totalsForgottenMicros: 1_700_000_000_000_001,
  firstSeenMicros: RECEIVED_AT_MICROS - 2_000_000,
  lastSeenMicros: RECEIVED_AT_MICROS,
}
