/**
 * The rows of a record: one, or two when it holds both directions of a conversation. The names of the
 * registry say which elements change places.
 */

import { VARIABLE } from '../netflow-bytes.ts'
import { type Element, REGISTRY, REVERSE } from './elements.ts'
import { expectFlow } from './expected-flow.ts'
import {
  type ExpectedFlow,
  type RecordField,
  type RecordMessage,
  RecordModel,
} from './record-model.ts'
import { placeClient, readSynonyms } from './synonyms.ts'

const IANA = REGISTRY.filter(({ enterprise }) => enterprise === 0)
const BY_NAME = new Map(IANA.map((element) => [element.name, element]))
const BY_ID = new Map(IANA.map((element) => [element.id, element]))

/** Words in the names of elements of one end, each with the word of the other end. */
const ENDS = [
  ['source', 'destination'],
  ['Source', 'Destination'],
  ['src', 'dst'],
  ['ingress', 'egress'],
  ['Next', 'Prev'],
] as const

/** Counts of all packets, or of what the exporter did: they have the word, but not two ends. */
const NOT_OF_AN_END = /^(?:ingress|egress)(?:Unicast|Broadcast|Multicast)|^distinctCount|^mib/
/** VLAN tags have no end in their names: those of arrival, and those after the exporter. */
const POST = new Map([
  ['vlanId', 'postVlanId'],
  ['dot1qVlanId', 'postDot1qVlanId'],
  ['dot1qCustomerVlanId', 'postDot1qCustomerVlanId'],
])

const PARTNERS = new Map<number, Element>()
for (const { id, name } of IANA) {
  if (NOT_OF_AN_END.test(name)) continue
  const others = [
    POST.get(name),
    ...ENDS.map(([one, other]) => (name.includes(one) ? name.replace(one, other) : undefined)),
  ]
  for (const other of others) {
    const partner = other === undefined ? undefined : BY_NAME.get(other)
    if (partner === undefined || partner.id === id) continue
    PARTNERS.set(id, partner)
    PARTNERS.set(partner.id, { enterprise: 0, id, name, type: partner.type })
  }
}

/** Counters of one direction do not belong to the other. */
const COUNTERS = /(?:Delta|Total)Count$|^deltaFlowCount$|^initiator(?:Octets|Packets)$/

/** The counters of a second direction that have numbers of their own. */
const RESPONDER = new Set([232, 299])

/** Elements that count bytes or packets of a flow. */
const FILLS_COUNTER = new Set([1, 23, 231, 85, 352, 2, 24, 298, 86])

function isOfResponder({ element, length }: RecordField): boolean {
  return element.enterprise === 0 && RESPONDER.has(element.id) && length !== VARIABLE
}

function isReversed({ element }: RecordField): boolean {
  return element.enterprise === REVERSE
}

function isReverseCounter({ element, length }: RecordField): boolean {
  return element.enterprise === REVERSE && FILLS_COUNTER.has(element.id) && length !== VARIABLE
}

/** Returns the rows of a record, in their order. */
export function expectFlows(
  fields: readonly RecordField[],
  message: RecordMessage,
): readonly ExpectedFlow[] {
  const read = readSynonyms(fields.filter(({ length }) => length > 0))
  return rowsOf(read.fields, message).map((flow) => placeClient(flow, read))
}

function rowsOf(present: readonly RecordField[], message: RecordMessage): readonly ExpectedFlow[] {
  const isBack = present.some(isOfResponder) ? isOfResponder : isReversed
  if (!present.some(isOfResponder) && !present.some(isReverseCounter)) {
    return [expectFlow(present, message)]
  }
  const forward = expectFlow(
    present.filter((field) => !isBack(field)),
    message,
  )
  const { protocol } = forward.columns
  const back = turn(present, isBack, protocol === 1 || protocol === 58 ? PORTS : new Set())
  return hasTraffic(back) ? [forward, expectFlow(back, message)] : [forward]
}

/** A direction without bytes and packets is no flow. */
function hasTraffic(fields: readonly RecordField[]): boolean {
  const record = new RecordModel(fields)
  const counters = [record.find(1, 23, 231, 232, 85, 352), record.find(2, 24, 298, 299, 86)]
  return counters.some((field) => field !== undefined && field.value.uint !== 0n)
}

/** Fields that may hold a type and a code of ICMP, which belong to neither end. */
const PORTS = new Set([7, 11, 180, 181, 182, 183])

/** Returns the fields of the other direction; the fields in `staying` keep their direction. */
function turn(
  fields: readonly RecordField[],
  isBack: (field: RecordField) => boolean,
  staying: ReadonlySet<number>,
): readonly RecordField[] {
  const own = new Set(fields.filter(isBack).map(({ element }) => element.id))
  return fields.flatMap((field): RecordField[] => {
    const { element } = field
    if (isBack(field)) return [renamed(field, ianaElement(element.id))]
    if (element.enterprise !== 0) return [field]
    const turned = staying.has(element.id) ? element : (PARTNERS.get(element.id) ?? element)
    const isCounter = COUNTERS.test(ianaElement(element.id).name)
    return own.has(turned.id) || isCounter ? [] : [renamed(field, turned)]
  })
}

function renamed(field: RecordField, element: Element): RecordField {
  return { ...field, element: { ...element, name: field.sentName ?? element.name } }
}

function ianaElement(id: number): Element {
  return BY_ID.get(id) ?? { enterprise: 0, id, name: `0.${id}`, type: undefined }
}
