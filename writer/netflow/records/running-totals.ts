/**
 * Converts running totals (`octetTotalCount`, `packetTotalCount`; sent again at every refresh of a
 * flow) into differences, so that rows add up to the traffic. `extra` keeps each total as sent. If
 * the previous total is unknown, the counter is absent and never a guess.
 */

import { ipv4Text } from '../address-text.ts'
import { FIELD, type Field, type FlowRecord } from '../flow-record.ts'
import { MAX_FLOW_TOTALS, MAX_FLOW_TOTALS_PER_STREAM, MIN_FLOW_TOTALS } from '../limits.ts'
import type { FlowTotal, FlowTotals } from '../memory/flow-totals.ts'
import type { Plan } from '../plan/plan.ts'
import { SLOT } from '../plan/plan-step.ts'
import type { RecordReader } from './record-reader.ts'

/** Start times that are relative to whole seconds of export time vary by up to one second. */
const SAME_START_MICROS = 2_000_000

/** Flow end reason of a flow that goes on. */
const ACTIVE_TIMEOUT = 2
const MAX_END_REASON = 5
/** Firewall or NAT event at the end of a flow. */
const DELETED = 2

/**
 * The base of a difference: the previous total of the flow, or `nothing` if the flow is new or has
 * restarted, or `unknown`. `late`: a later total of the flow was counted already.
 */
type Base = FlowTotal | 'nothing' | 'unknown' | 'late'

/** The running totals of all streams. */
export class RunningTotals {
  #count = 0
  readonly #counted = new WeakSet<FlowTotals>()

  /**
   * Replaces the totals of the finished record in `reader` by differences.
   *
   * @param totals of the record's stream
   */
  difference(
    reader: RecordReader,
    plan: Plan,
    totals: FlowTotals,
    direction: 'forward' | 'reverse',
  ): void {
    const { record } = reader
    if ((record.present & plan.totals) === 0) return
    const sent = readTotal(reader, plan)
    const key = flowKey(reader, direction) + totals.tag
    const known = totals.flows.get(key)
    const base = findBase(known, sent, totals)
    if (base === 'unknown' || base === 'late') record.present &= ~plan.totals
    if (base === 'late') return
    if (typeof base !== 'string') {
      subtract(record, sent, base)
      sent.bytes ??= base.bytes
      sent.packets ??= base.packets
    }
    if (hasEnded(record)) this.#remove(totals, key)
    else if (known !== undefined) totals.put(key, sent)
    else this.#add(totals, key, sent)
  }

  /** Notes that a stream is about to forget its flows. */
  forget(totals: FlowTotals): void {
    if (this.#counted.delete(totals)) this.#count -= totals.size
  }

  /** Adds a flow. Every stream has room for a few flows, however many the others have. */
  #add(totals: FlowTotals, key: string, total: FlowTotal): void {
    this.#countOnce(totals)
    const before = totals.size
    const isFull = this.#count >= MAX_FLOW_TOTALS && before >= MIN_FLOW_TOTALS
    if (isFull || before >= MAX_FLOW_TOTALS_PER_STREAM) totals.forgetOldest()
    totals.put(key, total)
    this.#count += totals.size - before
  }

  #remove(totals: FlowTotals, key: string): void {
    this.#countOnce(totals)
    if (totals.flows.delete(key)) this.#count -= 1
  }

  /** Counts the flows of a stream once: restored streams have some already. */
  #countOnce(totals: FlowTotals): void {
    if (this.#counted.has(totals)) return
    this.#counted.add(totals)
    this.#count += totals.size
  }
}

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
function flowKey(reader: RecordReader, direction: 'forward' | 'reverse'): string {
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

function readTotal({ record, times }: RecordReader, { totals }: Plan): FlowTotal {
  const { values, bytesHigh, packetsHigh } = record
  const present = record.present & totals
  const hasBytes = (present & (1 << FIELD.bytes)) !== 0
  const hasPackets = (present & (1 << FIELD.packets)) !== 0
  return {
    bytes: hasBytes ? join(bytesHigh, values[FIELD.bytes] as number) : undefined,
    packets: hasPackets ? join(packetsHigh, values[FIELD.packets] as number) : undefined,
    startMicros: record.has(FIELD.flowStart) ? (values[FIELD.flowStart] as number) : Number.NaN,
    exportMicros: times.exportMicros,
  }
}

function findBase(known: FlowTotal | undefined, sent: FlowTotal, totals: FlowTotals): Base {
  if (known === undefined) {
    return totals.mayHaveForgotten(sent.startMicros) ? 'unknown' : 'nothing'
  }
  const laterMicros = sent.startMicros - known.startMicros
  if (laterMicros > SAME_START_MICROS) return 'nothing'
  if (laterMicros < -SAME_START_MICROS) return 'late'
  const isSmaller =
    (sent.bytes ?? 0n) < (known.bytes ?? 0n) || (sent.packets ?? 0n) < (known.packets ?? 0n)
  if (!isSmaller) return known
  return sent.exportMicros < known.exportMicros ? 'late' : 'nothing'
}

function subtract(record: FlowRecord, sent: FlowTotal, last: FlowTotal): void {
  if (sent.bytes !== undefined) {
    const added = sent.bytes - (last.bytes ?? 0n)
    record.setBytes(highOf(added), lowOf(added))
  }
  if (sent.packets !== undefined) {
    const added = sent.packets - (last.packets ?? 0n)
    record.setPackets(highOf(added), lowOf(added))
  }
}

function hasEnded(record: FlowRecord): boolean {
  if (record.has(FIELD.event) && record.values[FIELD.event] === DELETED) return true
  if (!record.has(FIELD.flowEndReason)) return false
  const reason = record.values[FIELD.flowEndReason] as number
  return reason >= 1 && reason <= MAX_END_REASON && reason !== ACTIVE_TIMEOUT
}

const MAX_SAFE_HIGH = 0x1f_ffff

/** Joins two halves; one step instead of four if a number holds them. */
function join(high: number, low: number): bigint {
  if (high <= MAX_SAFE_HIGH) return BigInt(high * 0x1_0000_0000 + low)
  return (BigInt(high) << 32n) | BigInt(low)
}

function highOf(value: bigint): number {
  return Number(value >> 32n)
}

function lowOf(value: bigint): number {
  return Number(value & 0xffff_ffffn)
}
