/**
 * Random values of every abstract data type (RFC 7011 section 6): their bytes on the wire and their
 * text in `extra`. Both are made from the value; nothing here reads bytes.
 */

import fc from 'fast-check'
import type { DataType } from '../../../writer/netflow/elements/element-registry.ts'
import { EXPORT_SECONDS, VARIABLE } from '../netflow-bytes.ts'
import { systemIpv6Text } from '../system-address.ts'
import type { Element } from './elements.ts'

/** A template that lists refer to. */
export interface ListTemplate {
  readonly id: number
  /** Its fields as a template set has them. */
  readonly specifiers: Buffer
  readonly fieldCount: number
}

/** A value of a field. */
export interface ModelValue {
  readonly bytes: Buffer
  /** Its text in `extra`. */
  readonly json: string
  /** Of integers, and of times that are counted from 1970: the number. */
  readonly uint?: bigint
  /** Of absolute times: Unix microseconds; absent when the time says nothing. */
  readonly micros?: bigint
  /** Templates that lists in the value refer to. */
  readonly templates?: readonly ListTemplate[]
}

/** Values of one length, or of any (`VARIABLE`), for one field of a template. */
export interface ModelValues {
  readonly length: number
  readonly values: readonly ModelValue[]
}

/** A field has these, and the records take them in turn. */
const COUNT = { minLength: 1, maxLength: 3 } as const

function uintBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}

function below(bits: number): fc.Arbitrary<bigint> {
  return fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n })
}

function oneOf(...values: readonly number[]): fc.Arbitrary<bigint> {
  return fc.constantFrom(...values.map(BigInt))
}

function around(center: number, distance: number): fc.Arbitrary<bigint> {
  return fc.integer({ min: center - distance, max: center + distance }).map(BigInt)
}

const DAY_MS = 86_400_000

/** Numbers that mean something to other fields of their record. */
const TELLING_NUMBERS: ReadonlyMap<string, fc.Arbitrary<bigint>> = new Map([
  ['protocolIdentifier', oneOf(1, 6, 17, 58)],
  ['ipVersion', oneOf(4, 6)],
  ['ethernetType', oneOf(0x0800, 0x86dd)],
  ['samplingInterval', oneOf(0, 1, 1000, 2 ** 24, 2 ** 24 + 1)],
  ['samplerRandomInterval', oneOf(0, 1, 1000, 2 ** 24, 2 ** 24 + 1)],
  ['sourceTransportPort', oneOf(0)],
  ['octetDeltaCount', oneOf(0)],
  ['packetDeltaCount', oneOf(0)],
  ['responderOctets', oneOf(0)],
  ['responderPackets', oneOf(0)],
  ['flowStartDeltaMicroseconds', below(31)],
  ['flowEndDeltaMicroseconds', below(31)],
  ['flowDurationMilliseconds', below(20)],
  ['flowDurationMicroseconds', below(31)],
  ['flowStartSysUpTime', around(30 * DAY_MS, DAY_MS)],
  ['flowEndSysUpTime', around(30 * DAY_MS, DAY_MS)],
])

function numbersOf(name: string, length: number): fc.Arbitrary<bigint> {
  const any = below(length * 8)
  const telling = TELLING_NUMBERS.get(
    name.replace(/^reverse(.)/, (_, c: string) => c.toLowerCase()),
  )
  if (telling === undefined) return fc.oneof(any, below(Math.min(length * 8, 16)))
  const fitting = telling.map((value) => BigInt.asUintN(length * 8, value))
  return fc.oneof({ weight: 3, arbitrary: fitting }, { weight: 1, arbitrary: any })
}

function unsigned({ name }: Element, maxLength: number): fc.Arbitrary<ModelValues> {
  const makeValue = (length: number) =>
    numbersOf(name, length).map(
      (uint): ModelValue => ({ bytes: uintBytes(uint, length), json: String(uint), uint }),
    )
  const lengths = fc.integer({ min: 1, max: maxLength })
  const fixed = lengths.chain((length) =>
    fc.array(makeValue(length), COUNT).map((values) => ({ length, values })),
  )
  const variable = fc
    .array(lengths.chain(makeValue), COUNT)
    .map((values) => ({ length: VARIABLE, values }))
  return fc.oneof({ weight: 20, arbitrary: fixed }, { weight: 1, arbitrary: variable })
}

function signed(maxLength: number): fc.Arbitrary<ModelValues> {
  return fc.integer({ min: 1, max: maxLength }).chain((length) => {
    const limit = 2n ** BigInt(length * 8 - 1)
    const value = fc.bigInt({ min: -limit, max: limit - 1n }).map(
      (int): ModelValue => ({
        bytes: uintBytes(BigInt.asUintN(length * 8, int), length),
        json: String(int),
      }),
    )
    return fc.array(value, COUNT).map((values) => ({ length, values }))
  })
}

function floats(lengths: readonly number[]): fc.Arbitrary<ModelValues> {
  return fc.constantFrom(...lengths).chain((length) => {
    const number = length === 4 ? fc.float() : fc.double()
    const value = number.map((float): ModelValue => {
      const bytes = Buffer.alloc(length)
      if (length === 4) bytes.writeFloatBE(float)
      else bytes.writeDoubleBE(float)
      return { bytes, json: Number.isFinite(float) ? String(float) : `"${float}"` }
    })
    return fc.array(value, COUNT).map((values) => ({ length, values }))
  })
}

function fixed(length: number, value: fc.Arbitrary<ModelValue>): fc.Arbitrary<ModelValues> {
  return fc.array(value, COUNT).map((values) => ({ length, values }))
}

const BOOLEANS = fc.integer({ min: 0, max: 255 }).map((octet): ModelValue => {
  const json = ['0', 'true', 'false'][octet] ?? String(octet)
  return { bytes: Buffer.of(octet), json }
})

function octets(length: number): fc.Arbitrary<Buffer> {
  const zeros = fc.constant(Buffer.alloc(length))
  const any = fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b))
  return fc.oneof({ weight: 1, arbitrary: zeros }, { weight: 3, arbitrary: any })
}

const MACS = octets(6).map((bytes): ModelValue => {
  return { bytes, json: `"${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join(':')}"` }
})

const IPV4 = octets(4).map((bytes): ModelValue => ({ bytes, json: `"${bytes.join('.')}"` }))

/** Many groups are zero, as in real addresses. */
const IPV6_OCTETS = fc.oneof(
  octets(16),
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xdb8, 0xffff), { minLength: 8, maxLength: 8 })
    .map((groups) => Buffer.from(groups.flatMap((group) => [group >> 8, group & 255]))),
)
const IPV6 = IPV6_OCTETS.map((bytes): ModelValue => ({ bytes, json: `"${systemIpv6Text(bytes)}"` }))

function bytesValue(bytes: Uint8Array): ModelValue {
  const buffer = Buffer.from(bytes)
  return { bytes: buffer, json: `"${buffer.toString('hex')}"` }
}

/** Values of any length: 254 bytes and more have another form on the wire. */
const OCTET_ARRAYS = fc.oneof(
  fc.integer({ min: 1, max: 20 }).chain((length) => fixed(length, octets(length).map(bytesValue))),
  fc
    .array(fc.uint8Array({ maxLength: 20 }).map(bytesValue), COUNT)
    .map((values) => ({ length: VARIABLE, values })),
  fc.integer({ min: 253, max: 257 }).map((length) => {
    return { length: VARIABLE, values: [bytesValue(Buffer.alloc(length, 0xab))] }
  }),
)

const TEXTS = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', '\0'), maxLength: 6 }),
  ),
  COUNT,
)

/** Without NUL at the end; all bytes when there is one before it, which jsonb cannot hold. */
function textValue(bytes: Buffer): ModelValue {
  const text = bytes.toString().replace(/\0+$/, '')
  if (!text.includes('\0')) return { bytes, json: JSON.stringify(text) }
  return { bytes, json: JSON.stringify({ hex: bytes.toString('hex') }) }
}

/** Of fixed length they are padded with NUL. */
const STRINGS = fc.tuple(TEXTS, fc.option(fc.nat(3))).map(([texts, padding]): ModelValues => {
  const sent = texts.map((text) => Buffer.from(text))
  if (padding === null) return { length: VARIABLE, values: sent.map(textValue) }
  const length = Math.max(1, ...sent.map((bytes) => bytes.length + padding))
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(length - bytes.length)])
  return { length, values: sent.map(pad).map(textValue) }
})

const LAST_MS = BigInt(Date.UTC(9999, 11, 31, 23, 59, 59, 999))

/** A time of 0 says nothing. */
function isoJson(unixMs: bigint, text: string): string {
  return unixMs === 0n || unixMs > LAST_MS ? text : `"${new Date(Number(unixMs)).toISOString()}"`
}

function microsOf(micros: bigint): { micros?: bigint } {
  return micros === 0n ? {} : { micros }
}

const SECONDS = fc
  .oneof(oneOf(0), below(32), around(EXPORT_SECONDS, 7200))
  .map((uint): ModelValue => {
    const json = isoJson(uint * 1000n, String(uint))
    return { bytes: uintBytes(uint, 4), json, uint, ...microsOf(uint * 1_000_000n) }
  })

function millis(near: fc.Arbitrary<bigint>): fc.Arbitrary<ModelValue> {
  return fc
    .oneof(
      { weight: 1, arbitrary: below(64) },
      { weight: 4, arbitrary: near },
      { weight: 1, arbitrary: oneOf(0) },
    )
    .map((uint): ModelValue => {
      const json = isoJson(uint, String(uint))
      return { bytes: uintBytes(uint, 8), json, uint, ...microsOf(uint * 1000n) }
    })
}

const SECONDS_FROM_1900_TO_1970 = 2_208_988_800n

/** Times in NTP format: 2³² seconds after 1900 the count begins again, which is meant before 1970. */
const NTP_TIMES = fc
  .oneof(
    fc.tuple(
      fc.oneof(below(32), around(EXPORT_SECONDS + Number(SECONDS_FROM_1900_TO_1970), 7200)),
      below(32),
    ),
    fc.constant([0n, 0n] as const),
  )
  .map(([seconds, fraction]): ModelValue => {
    if (seconds + fraction === 0n) return { bytes: Buffer.alloc(8), json: '0' }
    const era = seconds < SECONDS_FROM_1900_TO_1970 ? 2n ** 32n : 0n
    const unixSeconds = seconds + era - SECONDS_FROM_1900_TO_1970
    const micros = unixSeconds * 1_000_000n + ((fraction * 1_000_000n + 2n ** 31n) >> 32n)
    const milliseconds = new Date(Number(micros / 1000n)).toISOString().slice(0, -1)
    const json = `"${milliseconds}${String(micros % 1000n).padStart(3, '0')}Z"`
    return { bytes: Buffer.concat([uintBytes(seconds, 4), uintBytes(fraction, 4)]), json, micros }
  })

const NEAR_EXPORT_MS = around(EXPORT_SECONDS * 1000, 7_200_000)
/** Exporters boot before they export. */
const BOOT_MS = around((EXPORT_SECONDS - 86_400) * 1000 - 20 * DAY_MS, 20 * DAY_MS)

type ScalarType = Exclude<DataType, 'basicList' | 'subTemplateList' | 'subTemplateMultiList'>

const VALUES: Readonly<Record<ScalarType, (element: Element) => fc.Arbitrary<ModelValues>>> = {
  unsigned8: (element) => unsigned(element, 1),
  unsigned16: (element) => unsigned(element, 2),
  unsigned32: (element) => unsigned(element, 4),
  unsigned64: (element) => unsigned(element, 8),
  signed8: () => signed(1),
  signed16: () => signed(2),
  signed32: () => signed(4),
  signed64: () => signed(8),
  float32: () => floats([4]),
  float64: () => floats([4, 8]),
  boolean: () => fixed(1, BOOLEANS),
  macAddress: () => fixed(6, MACS),
  octetArray: () => OCTET_ARRAYS,
  string: () => STRINGS,
  dateTimeSeconds: () => fixed(4, SECONDS),
  dateTimeMilliseconds: ({ id }) => fixed(8, millis(id === 160 ? BOOT_MS : NEAR_EXPORT_MS)),
  dateTimeMicroseconds: () => fixed(8, NTP_TIMES),
  dateTimeNanoseconds: () => fixed(8, NTP_TIMES),
  ipv4Address: () => fixed(4, IPV4),
  ipv6Address: () => fixed(16, IPV6),
}

/** Makes values of an element; undefined when it is a list. */
export function scalarValues(element: Element): fc.Arbitrary<ModelValues> | undefined {
  const { type } = element
  if (type === undefined) return OCTET_ARRAYS
  const make = VALUES[type as ScalarType] as (typeof VALUES)[ScalarType] | undefined
  return make?.(element)
}
