/**
 * Reads one flow record by its plan. This is the hot loop of the decoder: it calls nothing that can
 * throw. `finish-record.ts` adds values that need several fields.
 */

import type { ElementRegistry } from '../elements/element-registry.ts'
import { VARIABLE_LENGTH } from '../elements/field-specifier.ts'
import { FIELD, FIELD_MAX, type Field, FlowRecord } from '../flow-record.ts'
import { MAX_SAMPLING_RATE } from '../limits.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import { type Format, ntpMicros } from '../plan/extra-json.ts'
import type { Plan } from '../plan/plan.ts'
import { OP, SLOT_COUNT, SLOT_MAX } from '../plan/plan-step.ts'
import {
  type DatagramBytes,
  readHigh,
  readLow,
  readSwappedUint,
  readUint,
} from '../plan/read-bytes.ts'
import { writeJson } from '../plan/write-json.ts'
import { isTime, type MessageTimes, switchedToMicros } from './message-times.ts'
import { formatValue, isList } from './structured-data.ts'

/** The largest rate that is plausible after its bytes are swapped; a larger one may be garbage. */
const MAX_SWAPPED_RATE = 0xffff

/** Oddities of records that are stored nevertheless: bits of `RecordReader.oddities`. */
export const ODDITY = {
  /** A counter of 2⁶³ or more: NULL in the column, exact in `extra`. */
  counterOutOfRange: 1,
  /** Addresses of both families, and no field that decides between them. */
  bothFamilies: 2,
  /** An end a second or more before the start. */
  endBeforeStart: 4,
  /** An impossible sampling rate that is plausible with its bytes swapped. */
  swappedRate: 8,
} as const

/** Reads records into `record`; `slots` holds intermediate values for `finishRecord`. */
export class RecordReader {
  /** Filled by `read`, and reused. */
  readonly record = new FlowRecord()
  readonly slots = new Float64Array(SLOT_COUNT)
  /** Bit per slot. */
  slotsPresent = 0
  readonly times: MessageTimes = {
    exportMicros: 0,
    uptimeMs: Number.NaN,
    bootMs: Number.NaN,
    estimatedUptimeMs: Number.NaN,
  }
  /** Whether the exporter sends sampling rates in records with the low byte first. */
  hasLittleEndianRates = false
  /** Its templates describe the records of lists in `extra`. */
  stream: StreamMemory | undefined
  /** Oddities of the records read so far; the caller resets them. */
  oddities = 0

  readonly #elements: ElementRegistry
  #datagram: DatagramBytes

  constructor(datagram: DatagramBytes, elements: ElementRegistry) {
    this.#datagram = datagram
    this.#elements = elements
  }

  /** Forgets the last record, which may have been of another version. */
  clear(): void {
    this.record.clear()
    this.slotsPresent = 0
  }

  /** Returns the value of a slot, or undefined. */
  slot(slot: number): number | undefined {
    return this.slotsPresent & (1 << slot) ? this.slots[slot] : undefined
  }

  /**
   * Adds a member to `extra`.
   *
   * @param key JSON key with its colon; empty if `extra` has the value already
   */
  addExtra(key: string, json: string): void {
    if (key === '') return
    this.record.beginMember()
    this.record.json.putText(key)
    this.record.json.putText(json)
  }

  /**
   * Reads the record at `offset`.
   *
   *     record = field…            lengths by the template; no alignment
   *     field of variable length = length8 bytes | 255 length16 bytes     (RFC 7011 section 7)
   *
   * @param end where the set ends; no byte after it is read
   * @returns where the record ends, or −1 when it would reach beyond `end`
   */
  read(plan: Plan, datagram: DatagramBytes, offset: number, end: number): number {
    const { ops, targets, lengths, repeatedKeys } = plan
    const { view } = datagram
    const { record } = this
    this.#datagram = datagram
    const repeats = repeatedKeys.length > 0 ? new Array<string>(repeatedKeys.length).fill('') : null
    this.clear()
    let at = offset
    for (let step = 0; step < ops.length; step++) {
      let length = lengths[step] as number
      // `FieldRange.find`, inline: the call and the object would slow the hottest loop down.
      if (length === VARIABLE_LENGTH) {
        if (at >= end) return -1
        length = view.getUint8(at++)
        if (length === 255) {
          if (at + 2 > end) return -1
          length = view.getUint16(at)
          at += 2
        }
      }
      if (at + length > end) return -1
      const target = targets[step] as number
      switch (ops[step]) {
        case OP.uint8:
          record.set(target as Field, view.getUint8(at))
          break
        case OP.uint16:
          record.set(target as Field, view.getUint16(at))
          break
        case OP.uint32:
          record.set(target as Field, view.getUint32(at))
          break
        case OP.ipv4:
          record.setIpv4(target as 0 | 1 | 2, view.getUint32(at))
          break
        case OP.counter:
          this.#readCounter(plan, step, at, length)
          break
        case OP.uint: {
          const value = readUint(view, at, length)
          if (value <= (FIELD_MAX[target] as number)) record.set(target as Field, value)
          else this.#extraField(plan, step, at, length)
          break
        }
        case OP.ipv6:
          record.setIpv6(target as 0 | 1 | 2, view, at)
          break
        case OP.mac:
          record.set(target as Field, view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2))
          break
        case OP.slot:
        case OP.slotAndExtra: {
          const value = readUint(view, at, length)
          const fits = value <= (SLOT_MAX[target] as number)
          if (fits) this.#setSlot(target, value)
          if (!fits || ops[step] === OP.slotAndExtra) this.#extraField(plan, step, at, length)
          break
        }
        case OP.extra:
          this.#extraField(plan, step, at, length)
          break
        case OP.skip:
          break
        default:
          this.#readRare(plan, step, at, length)
      }
      if (repeats !== null) this.#addRepeated(repeats, plan, step, [at, length])
      at += length
    }
    if (repeats !== null) this.#addRepeats(plan, repeats)
    return at
  }

  #extraField(plan: Plan, step: number, at: number, length: number): void {
    if ((plan.repeats[step] as number) >= 0) return
    const { json } = this.record
    this.record.beginMember()
    json.putBytes(plan.keys[step] as Uint8Array)
    const format = plan.formats[step] as Format
    if (isList(format)) json.putText(this.#format(plan, step, at, length))
    else writeJson(json, format, this.#datagram, [at, length])
  }

  #format(plan: Plan, step: number, at: number, length: number): string {
    const { stream } = this
    const context = { elements: this.#elements, stream, datagram: this.#datagram, depth: 0 }
    return formatValue(plan.formats[step] as Format, [at, length], context)
  }

  #readCounter(plan: Plan, step: number, at: number, length: number): void {
    const { view } = this.#datagram
    const high = readHigh(view, at, length)
    if (high >= 0x8000_0000) {
      this.oddities |= ODDITY.counterOutOfRange
      this.#extraField(plan, step, at, length)
      return
    }
    const low = readLow(view, at, length)
    const target = plan.targets[step] as number
    if (target === FIELD.bytes) this.record.setBytes(high, low)
    else this.record.setPackets(high, low)
  }

  /** Reads times and slots, outside the hot loop: not every template has them. */
  #readRare(plan: Plan, step: number, at: number, length: number): void {
    const op = plan.ops[step] as number
    const target = plan.targets[step] as number
    if (op < OP.slot) {
      const micros = this.#readTime(op, at, length)
      const isKnown = isTime(micros)
      if (isKnown) this.record.set(target as Field, micros)
      const isEstimate = op === OP.uptime && !Number.isNaN(this.times.estimatedUptimeMs)
      if (isEstimate || !isKnown) this.#extraField(plan, step, at, length)
      return
    }
    switch (op) {
      case OP.slotOffset:
        this.#setSlot(target, at)
        break
      case OP.total:
        this.#readCounter(plan, step, at, length)
        if (this.record.has(target as Field)) this.#extraField(plan, step, at, length)
        break
      case OP.slotIdAndExtra: {
        const { view } = this.#datagram
        this.#setHalves(target, readHigh(view, at, length), readLow(view, at, length))
        this.#extraField(plan, step, at, length)
        break
      }
      case OP.slotRate:
        this.#readRate(plan, step, at, length)
        break
      default: {
        const micros = this.#readTime(op, at, length)
        if (isTime(micros)) this.#setSlot(target, micros)
        if (!isTime(micros) || (plan.keptSlots & (1 << target)) !== 0) {
          this.#extraField(plan, step, at, length)
        }
      }
    }
  }

  #readRate(plan: Plan, step: number, at: number, length: number): void {
    const { view } = this.#datagram
    const swapped = readSwappedUint(view, at, length)
    const rate = this.hasLittleEndianRates ? swapped : readUint(view, at, length)
    if (rate <= MAX_SAMPLING_RATE) this.#setSlot(plan.targets[step] as number, rate)
    else this.#extraField(plan, step, at, length)
    if (this.hasLittleEndianRates || rate < MAX_SAMPLING_RATE) return
    if (swapped > 0 && swapped <= MAX_SWAPPED_RATE) this.oddities |= ODDITY.swappedRate
  }

  /** Reads a time as Unix microseconds; NaN if its base is unknown, or it is an absolute 0. */
  #readTime(op: number, at: number, length: number): number {
    const { view } = this.#datagram
    switch (op) {
      case OP.seconds:
      case OP.slotSeconds:
        return readUint(view, at, length) * 1e6 || Number.NaN
      case OP.millis:
      case OP.slotMillis:
        return readUint(view, at, length) * 1e3 || Number.NaN
      case OP.ntp:
      case OP.slotNtp:
        return ntpMicros(view, at)
      case OP.beforeExport:
        return this.times.exportMicros - readUint(view, at, length)
      default:
        return switchedToMicros(this.times, readUint(view, at, length))
    }
  }

  #setSlot(slot: number, value: number): void {
    this.slots[slot] = value
    this.slotsPresent |= 1 << slot
  }

  /** Sets two slots to the halves of a number of 64 bits. */
  #setHalves(slot: number, high: number, low: number): void {
    this.#setSlot(slot, high)
    this.#setSlot(slot + 1, low)
  }

  #addRepeated(
    repeats: string[],
    plan: Plan,
    step: number,
    [at, length]: readonly [at: number, length: number],
  ): void {
    const index = plan.repeats[step] as number
    if (index < 0 || plan.ops[step] === OP.skip) return
    const json = this.#format(plan, step, at, length)
    repeats[index] = repeats[index] === '' ? json : `${repeats[index]},${json}`
  }

  #addRepeats(plan: Plan, repeats: readonly string[]): void {
    for (let index = 0; index < repeats.length; index++) {
      this.addExtra(plan.repeatedKeys[index] as string, `[${repeats[index]}]`)
    }
  }
}
