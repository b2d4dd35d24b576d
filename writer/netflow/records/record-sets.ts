/** Reads the records of one data set by its template and passes the flows to a sink. */

import type { DecodeResult, ProblemCode } from '../decode-result.ts'
import type { ElementRegistry } from '../elements/element-registry.ts'
import { FIELD, type FlowRecord, type FlowSink, type MessageContext } from '../flow-record.ts'
import { MAX_RECORDS_PER_MESSAGE, MAX_RELEASED_RECORDS } from '../limits.ts'
import { isSamplingRate } from '../memory/samplers.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import type { Plan } from '../plan/plan.ts'
import { SLOT } from '../plan/plan-step.ts'
import type { ReversePlans } from '../plan/plans.ts'
import type { ByteRange, DatagramBytes } from '../plan/read-bytes.ts'
import { finishRecord, isIcmp } from './finish-record.ts'
import { hasImplausibleTime } from './finish-times.ts'
import { applyOptions, OptionsRecord } from './options-data.ts'
import { ODDITY, RecordReader } from './record-reader.ts'
import { RunningTotals } from './running-totals.ts'

const MAX_RECORDS = {
  dataRecords: MAX_RECORDS_PER_MESSAGE,
  releasedRecords: MAX_RELEASED_RECORDS,
} as const

const ODD_RECORDS = [
  [ODDITY.counterOutOfRange, 'counter-out-of-range'],
  [ODDITY.bothFamilies, 'both-address-families'],
  [ODDITY.endBeforeStart, 'end-before-start'],
  [ODDITY.swappedRate, 'swapped-sampling-rate'],
] as const

/** Reads data sets into one reused record; counts go to `result`. */
export class RecordSets {
  readonly reader: RecordReader
  sink: FlowSink = () => {}
  /** The counter of the records: those of this message, or of released sets of earlier messages. */
  source: keyof typeof MAX_RECORDS = 'dataRecords'
  readonly #result: DecodeResult
  readonly #elements: ElementRegistry
  readonly #totals = new RunningTotals()
  /** Whether records have only their own sampling rates, because the stream has none for them. */
  #hasOwnRatesOnly = true

  constructor(result: DecodeResult, datagram: DatagramBytes, elements: ElementRegistry) {
    this.#result = result
    this.#elements = elements
    this.reader = new RecordReader(datagram, elements)
  }

  /** Notes that a stream is about to forget its running totals. */
  forgetTotals({ totals }: StreamMemory): void {
    this.#totals.forget(totals)
  }

  /** Decodes a data set of flow records. */
  readFlows(
    template: Template,
    range: ByteRange,
    stream: StreamMemory,
    message: MessageContext,
  ): void {
    const { reader } = this
    reader.hasLittleEndianRates = stream.samplers.byteOrder === 'little'
    this.#hasOwnRatesOnly = stream.samplers.isEmpty
    const at = this.#readFlowRecords(template, range, stream, message)
    if (reader.oddities & ODDITY.swappedRate) stream.samplers.suggestByteOrder()
    this.reportOddities(template.id)
    if (at >= 0) this.#checkPadding(template, range.datagram, at, range.end)
  }

  /** Returns where the last record ends, or −1 when the rest of the set is not read. */
  #readFlowRecords(
    template: Template,
    { datagram, offset, end }: ByteRange,
    stream: StreamMemory,
    message: MessageContext,
  ): number {
    const result = this.#result
    const reader = this.reader
    const { forward, reverse } = template.plans(this.#elements)
    reader.stream = stream
    let at = offset
    while (at + template.recordLength <= end) {
      if (!this.#admitRecord(template)) return -1
      const next = reader.read(forward, datagram, at, end)
      if (next < 0) {
        this.#breakOff('record-overruns-set', template, `at byte ${at - offset} of the set`)
        return -1
      }
      const start = at
      at = next
      result[this.source] += 1
      finishRecord(reader, forward, datagram.view)
      this.#setSamplingRate(template.id, forward, stream)
      if (forward.totals !== 0) {
        this.#totals.difference(reader, forward, stream.totals, 'forward')
      }
      this.emit(message)
      if (reverse !== null) {
        const range = { datagram, offset: start, end }
        const isFlow = this.#readReverse(template.id, reverse, range, stream)
        if (isFlow) this.emit(message)
      }
    }
    return at
  }

  /**
   * Reads the reverse direction of the record that was read last.
   *
   * @returns false when it has no traffic: then it is not a flow
   */
  #readReverse(
    templateId: number,
    { icmp, other }: ReversePlans,
    { datagram, offset, end }: ByteRange,
    stream: StreamMemory,
  ): boolean {
    const reader = this.reader
    const { oddities } = reader
    const plan = isIcmp(reader.record) ? icmp : other
    reader.oddities = 0
    reader.read(plan, datagram, offset, end)
    const isCountTooLarge = (reader.oddities & ODDITY.counterOutOfRange) !== 0
    reader.oddities |= oddities
    if (!isCountTooLarge && !hasTraffic(reader.record)) return false
    finishRecord(reader, plan, datagram.view)
    this.#setSamplingRate(templateId, plan, stream)
    if (plan.totals !== 0) this.#totals.difference(reader, plan, stream.totals, 'reverse')
    return true
  }

  /** Reports the oddities of flow records since the last report. */
  reportOddities(templateId: number): void {
    const { reader } = this
    if (reader.oddities === 0) return
    for (const [oddity, code] of ODD_RECORDS) {
      if (reader.oddities & oddity) this.#result.report(code, templateId, `template ${templateId}`)
    }
    reader.oddities = 0
  }

  /** Decodes a data set of options records. */
  readOptions(
    template: Template,
    { datagram, offset, end }: ByteRange,
    stream: StreamMemory,
  ): void {
    const result = this.#result
    const record = new OptionsRecord(datagram)
    let at = offset
    while (at + template.recordLength <= end) {
      if (!this.#admitRecord(template)) return
      const next = record.read(template, at, end)
      if (next < 0) {
        this.#breakOff('record-overruns-set', template, `at byte ${at - offset} of the set`)
        return
      }
      at = next
      result[this.source] += 1
      result.optionsRecords += 1
      if (this.source === 'releasedRecords') result.releasedOptions += 1
      applyOptions(stream, record)
    }
    this.#checkPadding(template, datagram, at, end)
  }

  #admitRecord(template: Template): boolean {
    const result = this.#result
    const limit = MAX_RECORDS[this.source]
    if (result[this.source] < limit) return true
    this.#breakOff('too-many-records', template, `over ${limit} records`)
    return false
  }

  /**
   * Reports that the rest of a set is not read. If the set came with an earlier message, the
   * current message stays complete.
   */
  #breakOff(code: ProblemCode, { id }: Template, detail: string): void {
    const result = this.#result
    if (this.source === 'dataRecords') result.countBrokenSet()
    else result.malformedSets += 1
    result.report(code, id, detail)
  }

  #checkPadding(template: Template, { bytes }: DatagramBytes, at: number, end: number): void {
    let offset = at
    while (offset < end && bytes[offset] === 0) offset++
    if (offset === end) return
    const detail = `${end - at} bytes after the records of template ${template.id}`
    this.#result.report('nonzero-padding', template.id, detail)
  }

  #setSamplingRate(templateId: number, plan: Plan, { samplers }: StreamMemory): void {
    const reader = this.reader
    const record = this.reader.record
    const own = reader.slot(SLOT.samplingInterval)
    if (this.#hasOwnRatesOnly) {
      if (isSamplingRate(own)) record.set(FIELD.samplingRate, own)
      return
    }
    const rate = samplers.rateOf({
      rate: own,
      samplerId: reader.slot(SLOT.samplerId),
      inputIf: record.has(FIELD.inputIf) ? record.values[FIELD.inputIf] : undefined,
      templateId,
    })
    if (rate !== undefined) record.set(FIELD.samplingRate, rate)
    if (own && own !== rate) {
      reader.addExtra(plan.slotKeys[SLOT.samplingInterval] ?? '', String(own))
    }
  }

  /** Completes the record of `reader` and passes it to the sink. */
  emit(message: MessageContext): void {
    const result = this.#result
    const record = this.reader.record
    record.endMembers()
    result.flowRecords += 1
    if (!record.has(FIELD.samplingRate)) result.flowsWithoutRate += 1
    if (hasImplausibleTime(record, message.receivedAtMicros)) result.implausibleTimes += 1
    this.sink(record, message)
  }
}

/** Whether a record has bytes or packets: an empty reverse half of a biflow is not a flow. */
function hasTraffic(record: FlowRecord): boolean {
  const { values, bytesHigh, packetsHigh } = record
  const hasBytes = record.has(FIELD.bytes) && (bytesHigh > 0 || values[FIELD.bytes] !== 0)
  return hasBytes || (record.has(FIELD.packets) && (packetsHigh > 0 || values[FIELD.packets] !== 0))
}
