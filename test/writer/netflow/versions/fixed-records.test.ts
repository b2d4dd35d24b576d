/** A property of every version without templates: every encoded value comes back. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type DecodedFlow, decodeAlone } from '../../../helpers/decoder-harness.ts'
import { propertyRuns } from '../../../helpers/model/property-runs.ts'

const TWO_32 = 2 ** 32

const START = 'version2 count2 uptime4 seconds4 nanos4'
const COMMON =
  'srcAddr4 dstAddr4 nextHop4 inputIf2 outputIf2 packets4 bytes4 first4 last4 srcPort2 dstPort2'
const AS_AND_MASKS = 'srcAs2 dstAs2 srcMask1 dstMask1'
const SUM = 'deltaFlowCount4 packets4 bytes4 first4 last4'
const SWITCHED = 'packets4 bytes4 first4 last4'
const PREFIXES = 'srcAddr4 dstAddr4 srcMask1 dstMask1'
const AS_AND_INTERFACES = 'srcAs2 dstAs2 inputIf2 outputIf2'
const EXCESS = 'extraPkts4 routerSc4'

interface Layout {
  readonly version: number
  readonly scheme?: number
  readonly header: string
  readonly record: string
}

const ENGINE_LAYOUTS: readonly Layout[] = [
  { version: 1, header: START, record: `${COMMON} pad2 protocol1 tos1 tcpFlags1 pad3 pad4` },
  {
    version: 5,
    header: `${START} sequence4 domain2 sampling2`,
    record: `${COMMON} pad1 tcpFlags1 protocol1 tos1 ${AS_AND_MASKS} pad2`,
  },
  {
    version: 6,
    header: `${START} sequence4 domain2 sampling2`,
    record: `${COMMON} pad1 tcpFlags1 protocol1 tos1 ${AS_AND_MASKS} inEncaps1 outEncaps1 peerNextHop4`,
  },
  {
    version: 7,
    header: `${START} sequence4 pad4`,
    record: `${COMMON} flags1 tcpFlags1 protocol1 tos1 ${AS_AND_MASKS} flags22 routerSc4`,
  },
]

const V8_RECORDS = [
  `${SUM} ${AS_AND_INTERFACES}`,
  `${SUM} protocol1 pad3 srcPort2 dstPort2`,
  `${SUM} srcAddr4 srcMask1 pad1 srcAs2 inputIf2 pad2`,
  `${SUM} dstAddr4 dstMask1 pad1 dstAs2 outputIf2 pad2`,
  `${SUM} ${PREFIXES} pad2 ${AS_AND_INTERFACES}`,
  `dstAddr4 ${SWITCHED} outputIf2 tos1 markedTos1 ${EXCESS}`,
  `dstAddr4 srcAddr4 ${SWITCHED} outputIf2 inputIf2 tos1 markedTos1 pad2 ${EXCESS}`,
  `dstAddr4 srcAddr4 dstPort2 srcPort2 ${SWITCHED} outputIf2 inputIf2 tos1 protocol1 markedTos1 pad1
   ${EXCESS}`,
  `${SUM} ${AS_AND_INTERFACES} tos1 zero3`,
  `${SUM} protocol1 tos1 pad2 srcPort2 dstPort2 inputIf2 outputIf2`,
  `${SUM} srcAddr4 srcMask1 tos1 srcAs2 inputIf2 pad2`,
  `${SUM} dstAddr4 dstMask1 tos1 dstAs2 outputIf2 pad2`,
  `${SUM} ${PREFIXES} tos1 pad1 ${AS_AND_INTERFACES}`,
  `${SUM} ${PREFIXES} tos1 protocol1 srcPort2 dstPort2 inputIf2 outputIf2`,
]

const V8_HEADER = `${START} sequence4 domain2 aggregationScheme1 aggregationVersion1 pad4`
const LAYOUTS = [
  ...ENGINE_LAYOUTS,
  ...V8_RECORDS.map((record, index): Layout => {
    return { version: 8, scheme: index + 1, header: V8_HEADER, record }
  }),
]

/** Fields without a column. */
const EXTRAS = ['deltaFlowCount', 'inEncaps', 'outEncaps', 'peerNextHop', 'flags', 'flags2']
const V8_EXTRAS = ['markedTos', 'extraPkts', 'routerSc', 'aggregationScheme', 'aggregationVersion']
const ADDRESSES = new Set(['srcAddr', 'dstAddr', 'nextHop', 'peerNextHop', 'routerSc'])
const NO_COLUMNS = new Set(['pad', 'zero', 'first', 'last', ...EXTRAS, ...V8_EXTRAS])

type Values = Readonly<Record<string, number>>

const uint = (bytes: number) => fc.integer({ min: 0, max: 256 ** bytes - 1 })
const uints = (bytes: number, ...names: readonly string[]) => {
  return Object.fromEntries(names.map((name) => [name, uint(bytes)]))
}

const recordValues = fc
  .record({
    ...uints(4, 'srcAddr', 'dstAddr', 'nextHop', 'peerNextHop', 'routerSc', 'extraPkts', 'pad'),
    ...uints(4, 'deltaFlowCount', 'packets', 'bytes'),
    ...uints(2, 'inputIf', 'outputIf', 'dstPort', 'srcAs', 'dstAs', 'flags2'),
    srcPort: fc.oneof(uint(2), fc.constant(0)),
    ...uints(1, 'tcpFlags', 'tos', 'inEncaps', 'outEncaps', 'flags', 'markedTos'),
    protocol: fc.oneof(uint(1), fc.constantFrom(1, 58)),
    srcMask: fc.integer({ min: 0, max: 32 }),
    dstMask: fc.integer({ min: 0, max: 32 }),
    lastAge: fc.integer({ min: -590_000, max: TWO_32 - 700_000 }),
    duration: fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: -5_000, max: -1 })),
    zero: fc.constant(0),
  })
  .map((values): Values => values)

const headerValues = fc
  .record({
    ...uints(4, 'uptime', 'seconds', 'sequence', 'pad'),
    ...uints(2, 'domain', 'sampling'),
    aggregationVersion: uint(1),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
  })
  .map((values): Values => values)

/** Parses `name4 other2` as names and numbers of bytes. */
function fieldsOf(grammar: string): readonly (readonly [name: string, bytes: number])[] {
  return grammar.split(/\s+/).map((field) => [field.slice(0, -1), Number(field.at(-1))])
}

function encode(grammar: string, values: Values): Buffer {
  const parts = fieldsOf(grammar).map(([name, bytes]) => {
    const value = values[name]
    assert.ok(value !== undefined, name)
    const digits = (value % 256 ** bytes).toString(16).padStart(bytes * 2, '0')
    return Buffer.from(digits, 'hex')
  })
  return Buffer.concat(parts)
}

const ipv4 = (word: number) => [24, 16, 8, 0].map((bits) => (word >>> bits) & 255).join('.')
const modulo = (value: number) => ((value % TWO_32) + TWO_32) % TWO_32
/** The network of an address, as routers export prefixes. */
const prefix = (word = 0, bits = 0) => (bits === 0 ? 0 : (word & (-1 << (32 - bits))) >>> 0)

function asExported({ version }: Layout, header: Values, values: Values): Values {
  const { srcAddr, srcMask, dstAddr, dstMask, lastAge = 0, duration = 0 } = values
  const prefixes = { srcAddr: prefix(srcAddr, srcMask), dstAddr: prefix(dstAddr, dstMask) }
  const uptime = header['uptime'] ?? 0
  const times = { first: modulo(uptime - lastAge - duration), last: modulo(uptime - lastAge) }
  return { ...values, ...times, ...(version === 8 ? prefixes : {}) }
}

/** A row with `extra` as an object. */
interface ExpectedRow {
  readonly columns: DecodedFlow
  readonly extra: Record<string, unknown>
}

function expectRow(layout: Layout, header: Values, values: Values): ExpectedRow {
  const { sampling = 0 } = header
  const all: Values = { ...header, ...values }
  const columns: DecodedFlow = {}
  const names = [...fieldsOf(layout.record), ...fieldsOf(layout.header)].map(([name]) => name)
  const show = (name: string) => (ADDRESSES.has(name) ? ipv4(all[name] ?? 0) : (all[name] ?? 0))
  for (const [name] of fieldsOf(layout.record)) {
    if (!NO_COLUMNS.has(name)) columns[name as keyof DecodedFlow] = show(name)
  }
  const says = (name: string) => layout.version !== 7 || all[name] !== 0
  const extras = [...EXTRAS, ...V8_EXTRAS].filter((name) => names.includes(name) && says(name))
  const extra = Object.fromEntries(extras.map((name) => [name, show(name)]))
  if (names.includes('sampling') && sampling % 0x4000 > 0) columns.samplingRate = sampling % 0x4000
  const row = { columns, extra }
  setTimes(row, header, values)
  if (columns.protocol === 1 || columns.protocol === 58) settleIcmp(row)
  return row
}

/** A start less than a second after its end is swapped with it; another one is only kept. */
function setTimes({ columns, extra }: ExpectedRow, header: Values, values: Values): void {
  const { seconds = 0, nanos = 0 } = header
  const { lastAge = 0, duration = 0 } = values
  const end = seconds * 1_000_000 + Math.floor(nanos / 1000) - lastAge * 1000
  const start = end - duration * 1000
  const isSwapped = duration < 0 && duration > -1000
  columns.flowStart = Math.min(start, end)
  columns.flowEnd = isSwapped ? start : end
  if (duration > -1000) return
  const millis = new Date(Math.floor(start / 1000)).toISOString().slice(0, -1)
  extra['flowStart'] =
    `${millis}${String(start - Math.floor(start / 1000) * 1000).padStart(3, '0')}Z`
}

/** Type and code are in the destination port; other port values are kept. */
function settleIcmp({ columns, extra }: ExpectedRow): void {
  const { srcPort, dstPort } = columns
  delete columns.srcPort
  delete columns.dstPort
  if (srcPort === 0) {
    columns.icmpType = Number(dstPort) >> 8
    columns.icmpCode = Number(dstPort) & 255
    return
  }
  extra['sourceTransportPort'] = srcPort
  if (dstPort !== 0) extra['destinationTransportPort'] = dstPort
}

function decodeRows(message: Buffer): readonly ExpectedRow[] {
  return decodeAlone(message).flows.map(({ extra, ...columns }) => {
    return { columns, extra: JSON.parse(String(extra ?? '{}')) as Record<string, unknown> }
  })
}

describe('a message decodes to the encoded values', () => {
  for (const layout of LAYOUTS) {
    const { version, scheme } = layout
    it(scheme ? `by v${version} of scheme ${scheme}` : `by v${version}`, () => {
      fc.assert(
        fc.property(headerValues, fc.array(recordValues, { maxLength: 30 }), (given, values) => {
          const header = {
            ...given,
            ...{ version, count: values.length, aggregationScheme: scheme ?? 0 },
          }
          const records = values.map((record) => asExported(layout, header, record))
          const message = Buffer.concat([
            encode(layout.header, header),
            ...records.map((record) => encode(layout.record, record)),
          ])
          const expected = records.map((record) => expectRow(layout, header, record))
          assert.deepEqual(decodeRows(message), expected)
        }),
        propertyRuns(100),
      )
    })
  }
})
