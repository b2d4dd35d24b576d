/** Builds the key of a record's flow within its stream. */

import { ipv4Text } from '../address-text.ts'
import { FIELD, type Field, type FlowRecord } from '../flow-record.ts'
import { SLOT } from '../plan/plan-step.ts'
import type { RecordReader } from './record-reader.ts'

/** Fields that identify flows without addresses. */
const LINK_FIELDS = [
  FIELD.srcMac,
  FIELD.dstMac,
  FIELD.srcVlan,
  FIELD.dstVlan,
  FIELD.inputIf,
  FIELD.outputIf,
] as const

/**
 * Returns the key of a finished record's flow: its flow id, else protocol, end points and
 * direction.
 *
 *     key    = "flow" id way | protocol srcAddr srcPort dstAddr dstPort way     of ICMP type and code
 *     way    = nothing | "in" | "out"; and "reverse" of the second half of a biflow
 */
export function flowKey(reader: RecordReader, direction: 'forward' | 'reverse'): string {
  const { record } = reader
  const way = `${wayOf(record)}${direction === 'reverse' ? ' reverse' : ''}`
  const high = reader.slot(SLOT.flowIdHigh) ?? 0
  const low = reader.slot(SLOT.flowIdLow) ?? 0
  if (high !== 0 || low !== 0) return `flow ${(BigInt(high) << 32n) | BigInt(low)}${way}`
  const isIcmp = record.has(FIELD.icmpType)
  const srcPort = numberText(record, isIcmp ? FIELD.icmpType : FIELD.srcPort)
  const dstPort = numberText(record, isIcmp ? FIELD.icmpCode : FIELD.dstPort)
  const src = addressText(record, FIELD.srcAddr)
  const dst = addressText(record, FIELD.dstAddr)
  const ends = `${numberText(record, FIELD.protocol)} ${src} ${srcPort} ${dst} ${dstPort}`
  if (record.has(FIELD.srcAddr) || record.has(FIELD.dstAddr)) return ends + way
  return `${ends} ${LINK_FIELDS.map((field) => numberText(record, field)).join(' ')}${way}`
}

function wayOf(record: FlowRecord): string {
  if (!record.has(FIELD.direction)) return ''
  return record.values[FIELD.direction] === 0 ? ' in' : ' out'
}

function numberText(record: FlowRecord, field: Field): string {
  return record.has(field) ? String(record.values[field]) : '-'
}

function addressText(
  record: FlowRecord,
  field: typeof FIELD.srcAddr | typeof FIELD.dstAddr,
): string {
  if (!record.has(field)) return '-'
  const words = record.addresses.subarray(field * 4, field * 4 + 4)
  if (record.families[field] === 4) return ipv4Text(words[0] as number)
  // Words, not groups: rows hold keys of this form.
  return Array.from(words, (word) => word.toString(16)).join(':')
}
