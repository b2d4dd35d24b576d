/**
 * The flow record that the decoder passes on: one object, reused for every record. A bit marks each
 * field that is present.
 */

import { JsonBytes } from './json-bytes.ts'

/**
 * The one list of the fields of a flow record, numbered without a gap. A number is the field's bit in
 * `FlowRecord.present` and its index in `FlowRecord.values`. The first three fields are addresses;
 * their numbers also index `addresses` and `families`.
 */
export const FIELD = {
  srcAddr: 0,
  dstAddr: 1,
  nextHop: 2,
  flowStart: 3,
  flowEnd: 4,
  bytes: 5,
  packets: 6,
  inputIf: 7,
  outputIf: 8,
  srcAs: 9,
  dstAs: 10,
  samplingRate: 11,
  srcPort: 12,
  dstPort: 13,
  srcVlan: 14,
  dstVlan: 15,
  srcMac: 16,
  dstMac: 17,
  protocol: 18,
  tcpFlags: 19,
  tos: 20,
  icmpType: 21,
  icmpCode: 22,
  srcMask: 23,
  dstMask: 24,
  direction: 25,
  forwardingStatus: 26,
  flowEndReason: 27,
  event: 28,
  extra: 29,
} as const

export type FieldName = keyof typeof FIELD
export type Field = (typeof FIELD)[FieldName]

export const FIELD_COUNT = Object.keys(FIELD).length

/** Bits of `FlowRecord.present`. The sign bit is not one of them: masks stay positive numbers. */
export const MAX_FIELD_COUNT = 31

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c

const SMALLINT_MAX = 32_767
const INTEGER_MAX = 2_147_483_647

/** The largest value of each field; a larger one is misread, so it goes to `extra`. */
export const FIELD_MAX: Float64Array = new Float64Array(FIELD_COUNT).fill(SMALLINT_MAX)
for (const field of [FIELD.srcPort, FIELD.dstPort, FIELD.srcVlan, FIELD.dstVlan]) {
  FIELD_MAX[field] = INTEGER_MAX
}
for (const field of [FIELD.inputIf, FIELD.outputIf, FIELD.srcAs, FIELD.dstAs]) {
  FIELD_MAX[field] = Number.MAX_SAFE_INTEGER
}

/** The message that carried a record; it outlives the datagram if a set is held. */
export interface MessageContext {
  /** The collector's receive time, Unix microseconds. */
  readonly receivedAtMicros: number
  /** Raw bytes of the exporter's address: 4 or 16. */
  readonly exporterBytes: Uint8Array
  readonly observationDomain: number
  /** 1, 5, 6, 7, 8, 9 or 10. */
  readonly exportVersion: number
}

/**
 * Receives one flow record. The record and the context may be reused for the next flow, so a sink
 * copies the values that it keeps.
 */
export type FlowSink = (record: FlowRecord, message: MessageContext) => void

/** One flow record; `present` has bit `1 << FIELD.x` set when field x holds a value. */
export class FlowRecord {
  present = 0
  /**
   * Numbers by field. Times are Unix microseconds, MAC addresses 48-bit integers, `bytes` and
   * `packets` the low 32 bits (see `bytesHigh`). Addresses and `extra` are not in here.
   */
  readonly values = new Float64Array(FIELD_COUNT)
  /** High 32 bits of the counters, below 2³¹; they keep counters exact above 2⁵³. */
  bytesHigh = 0
  packetsHigh = 0
  /** Four big-endian words an address field: IPv4 in the first word, IPv6 in all four. */
  readonly addresses = new Uint32Array(12)
  /** 4 or 6 for each of the three address fields. */
  readonly families = new Uint8Array(3)
  /** The JSON object of `extra`, valid for jsonb, when its bit is set. */
  readonly json = new JsonBytes()

  /** Forgets every field. */
  clear(): void {
    this.present = 0
    this.json.clear()
  }

  has(field: Field): boolean {
    return (this.present & (1 << field)) !== 0
  }

  /** Sets a number of at most 53 bits; for counters it also sets the high half. */
  set(field: Field, value: number): void {
    this.values[field] = value
    this.present |= 1 << field
  }

  /** Makes a field absent. */
  unset(field: Field): void {
    this.present &= ~(1 << field)
  }

  setBytes(high: number, low: number): void {
    this.bytesHigh = high
    this.set(FIELD.bytes, low)
  }

  setPackets(high: number, low: number): void {
    this.packetsHigh = high
    this.set(FIELD.packets, low)
  }

  /** Sets an address field (0 to 2) to an IPv4 address, a big-endian word. */
  setIpv4(field: 0 | 1 | 2, word: number): void {
    this.addresses[field * 4] = word
    this.families[field] = 4
    this.present |= 1 << field
  }

  /** Sets an address field (0 to 2) to the IPv6 address at `offset` of `view`. */
  setIpv6(field: 0 | 1 | 2, view: DataView, offset: number): void {
    const first = field * 4
    this.addresses[first] = view.getUint32(offset)
    this.addresses[first + 1] = view.getUint32(offset + 4)
    this.addresses[first + 2] = view.getUint32(offset + 8)
    this.addresses[first + 3] = view.getUint32(offset + 12)
    this.families[field] = 6
    this.present |= 1 << field
  }

  /** Swaps source and destination address. */
  swapAddresses(): void {
    const { addresses, families } = this
    for (let word = 0; word < 4; word++) {
      swapEntries(addresses, FIELD.srcAddr * 4 + word, FIELD.dstAddr * 4 + word)
    }
    swapEntries(families, FIELD.srcAddr, FIELD.dstAddr)
    this.#swapPresence(FIELD.srcAddr, FIELD.dstAddr)
  }

  /** Swaps source and destination port. */
  swapPorts(): void {
    swapEntries(this.values, FIELD.srcPort, FIELD.dstPort)
    this.#swapPresence(FIELD.srcPort, FIELD.dstPort)
  }

  #swapPresence(one: Field, other: Field): void {
    if (this.has(one) !== this.has(other)) this.present ^= (1 << one) | (1 << other)
  }

  /** The JSON object of `extra` as text, made anew by every call. */
  get extra(): string {
    return this.json.toString()
  }

  setExtra(json: string): void {
    this.json.clear()
    this.json.putText(json)
    this.present |= 1 << FIELD.extra
  }

  /** Begins a member of `extra`, whose key and value the caller writes. */
  beginMember(): void {
    this.json.putByte(this.json.length === 0 ? OPEN_BRACE : COMMA)
  }

  /** Ends `extra`, if it has members. */
  endMembers(): void {
    if (this.json.length === 0) return
    this.json.putByte(CLOSE_BRACE)
    this.present |= 1 << FIELD.extra
  }
}

function swapEntries(
  array: Uint8Array | Uint32Array | Float64Array,
  one: number,
  other: number,
): void {
  const kept = array[one] as number
  array[one] = array[other] as number
  array[other] = kept
}
