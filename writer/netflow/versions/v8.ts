/**
 * Decodes the records of NetFlow v8. Each of its 14 aggregation schemes has a fixed layout, which
 * is read like a template. Fields that a scheme aggregates away stay absent.
 */

import { IE } from '../elements/information-elements.ts'
import { FIELD, type FlowRecord } from '../flow-record.ts'
import { FORMAT, type Format, formatJson, jsonKey } from '../plan/extra-json.ts'
import { planRecord } from '../plan/plan.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import type { RecordReader } from '../records/record-reader.ts'
import type { FixedHeader, FixedLayout } from './v1-to-v7.ts'

export const V8_HEADER: FixedHeader = {
  bytes: 28,
  hasSequence: true,
  hasEngine: true,
  hasSampling: false,
}

const COUNTERS = 'flows32 packets32 octets32 first32 last32'
const SWITCHED = 'packets32 octets32 first32 last32'
const PREFIXES = 'srcPrefix32 dstPrefix32 srcMask8 dstMask8'
const AS_AND_IF = 'srcAs16 dstAs16 input16 output16'

/**
 * The records by scheme; the number after a name is its bits. Routers send schemes 1 to 5
 * (autonomous systems; protocol and ports; source, destination, both prefixes), the same with the
 * type of service as 9 to 13, and 14. Catalyst switches send 6 to 8 (destination; both ends; full
 * flow). markedTos and extraPkts describe packets beyond a contract. routerSc is the router whose
 * work the switch did.
 */
const RECORDS: Readonly<Record<number, string>> = {
  1: `${COUNTERS} ${AS_AND_IF}`,
  2: `${COUNTERS} protocol8 pad24 srcPort16 dstPort16`,
  3: `${COUNTERS} srcPrefix32 srcMask8 pad8 srcAs16 input16 pad16`,
  4: `${COUNTERS} dstPrefix32 dstMask8 pad8 dstAs16 output16 pad16`,
  5: `${COUNTERS} ${PREFIXES} pad16 ${AS_AND_IF}`,
  6: `dstAddr32 ${SWITCHED} output16 tos8 markedTos8 extraPkts32 routerSc32`,
  7: `dstAddr32 srcAddr32 ${SWITCHED} output16 input16 tos8 markedTos8 pad16 extraPkts32 routerSc32`,
  8: `dstAddr32 srcAddr32 dstPort16 srcPort16 ${SWITCHED} output16 input16 tos8 protocol8
   markedTos8 pad8 extraPkts32 routerSc32`,
  9: `${COUNTERS} ${AS_AND_IF} tos8 pad24`,
  10: `${COUNTERS} protocol8 tos8 pad16 srcPort16 dstPort16 input16 output16`,
  11: `${COUNTERS} srcPrefix32 srcMask8 tos8 srcAs16 input16 pad16`,
  12: `${COUNTERS} dstPrefix32 dstMask8 tos8 dstAs16 output16 pad16`,
  13: `${COUNTERS} ${PREFIXES} tos8 pad8 ${AS_AND_IF}`,
  14: `${COUNTERS} ${PREFIXES} tos8 protocol8 srcPort16 dstPort16 input16 output16`,
}
const AS_TOS_SCHEME = 9
/** The other documented order of scheme 9. */
const AS_TOS_RECORD = `${COUNTERS} srcAs16 dstAs16 tos8 pad24 input16 output16`

/** The information elements of the fields; the plan skips fields without one. */
const ELEMENT_IDS: ReadonlyMap<string, number> = new Map([
  ['flows', IE.deltaFlowCount],
  ['packets', IE.packetDeltaCount],
  ['octets', IE.octetDeltaCount],
  ['first', IE.flowStartSysUpTime],
  ['last', IE.flowEndSysUpTime],
  ['srcAddr', IE.sourceIPv4Address],
  ['dstAddr', IE.destinationIPv4Address],
  ['srcPrefix', IE.sourceIPv4Address],
  ['dstPrefix', IE.destinationIPv4Address],
  ['srcMask', IE.sourceIPv4PrefixLength],
  ['dstMask', IE.destinationIPv4PrefixLength],
  ['srcPort', IE.sourceTransportPort],
  ['dstPort', IE.destinationTransportPort],
  ['protocol', IE.protocolIdentifier],
  ['tos', IE.ipClassOfService],
  ['srcAs', IE.bgpSourceAsNumber],
  ['dstAs', IE.bgpDestinationAsNumber],
  ['input', IE.ingressInterface],
  ['output', IE.egressInterface],
])
/** Formats of the fields that go to `extra` under their own names. */
const OWN_FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['markedTos', FORMAT.uint],
  ['extraPkts', FORMAT.uint],
  ['routerSc', FORMAT.ipv4],
])

interface V8Field {
  readonly name: string
  readonly offset: number
  readonly length: number
}

/** A field without an information element. */
interface OwnField extends V8Field {
  readonly key: string
  readonly format: Format
}

const LAYOUTS: ReadonlyMap<number, FixedLayout> = new Map(
  Object.entries(RECORDS).map(([key, grammar]) => {
    const scheme = Number(key)
    return [scheme, scheme === AS_TOS_SCHEME ? layOutAsTos(grammar) : layOut(grammar)]
  }),
)

/** Finds the layout of an aggregation scheme; undefined for an unknown scheme. */
export function findV8Layout(scheme: number): FixedLayout | undefined {
  return LAYOUTS.get(scheme)
}

function layOut(grammar: string): FixedLayout {
  const fields = parseFields(grammar)
  const last = fields.at(-1)
  const recordBytes = last ? last.offset + last.length : 0
  const plan = planRecord(
    fields.map(({ name, length }) => {
      return { enterprise: 0, id: ELEMENT_IDS.get(name) ?? IE.paddingOctets, length }
    }),
  )
  const own = fields.flatMap((field): OwnField[] => {
    const format = OWN_FORMATS.get(field.name)
    return format === undefined ? [] : [{ ...field, key: jsonKey(field.name), format }]
  })
  const hasPrefixes = grammar.includes(PREFIXES)
  const read = (reader: RecordReader, datagram: DatagramBytes, offset: number) => {
    reader.read(plan, datagram, offset, offset + recordBytes)
    for (const field of own) {
      const json = formatJson(field.format, datagram, offset + field.offset, field.length)
      reader.addExtra(field.key, json)
    }
    if (hasPrefixes) settleMasks(reader.record)
  }
  return { header: V8_HEADER, recordBytes, plan, read }
}

function parseFields(grammar: string): readonly V8Field[] {
  let offset = 0
  return [...grammar.matchAll(/([A-Za-z]+)(\d+)/g)].map(([, name = '', bits]) => {
    const field = { name, offset, length: Number(bits) / 8 }
    offset += field.length
    return field
  })
}

/**
 * Lays out scheme 9. Documents differ in whether the type of service and its padding come before or
 * after the interfaces: the padding, which is zero, decides. If it is zero in both places or in
 * neither, the usual order applies.
 */
function layOutAsTos(grammar: string): FixedLayout {
  const usual = layOut(grammar)
  const other = layOut(AS_TOS_RECORD)
  const read = (reader: RecordReader, datagram: DatagramBytes, offset: number) => {
    const end = offset + usual.recordBytes
    const isPadded = (at: number) => (datagram.view.getUint32(at) & 0xff_ffff) === 0
    const layout = !isPadded(end - 4) && isPadded(end - 8) ? other : usual
    layout.read(reader, datagram, offset)
  }
  return { ...usual, read }
}

/**
 * Swaps the prefix lengths if only the swapped ones leave no bits beyond them. Documents differ in
 * this order, too. If both orders are possible, the usual one applies; each record is judged alone.
 */
function settleMasks(record: FlowRecord): void {
  const { addresses, values } = record
  const src = addresses[FIELD.srcAddr * 4] as number
  const dst = addresses[FIELD.dstAddr * 4] as number
  const srcMask = values[FIELD.srcMask] as number
  const dstMask = values[FIELD.dstMask] as number
  if (fitsLength(src, srcMask) && fitsLength(dst, dstMask)) return
  if (!fitsLength(src, dstMask) || !fitsLength(dst, srcMask)) return
  values[FIELD.srcMask] = dstMask
  values[FIELD.dstMask] = srcMask
}

function fitsLength(prefix: number, length: number): boolean {
  return length === 32 || (length < 32 && prefix << length === 0)
}
