/**
 * Prepares the fields of a template for a plan. A vendor's synonym of an IANA element is read as
 * that element, unless the template has an element of IANA for the column.
 */

import type { ElementRegistry } from '../elements/element-registry.ts'
import type { FieldSpecifier } from '../elements/field-specifier.ts'
import { IE } from '../elements/information-elements.ts'
import { findSynonym } from '../elements/synonyms.ts'
import { FIELD, type Field } from '../flow-record.ts'
import { COLUMN_SOURCES } from './column-sources.ts'
import { fitsWidth } from './plan-step.ts'

/** A field as a plan reads it. */
export interface PlanField extends FieldSpecifier {
  /** The field as it was sent, if the plan reads it as another element. */
  readonly sent?: FieldSpecifier
}

/** Pairs of columns that a record fills with client and server: bits of `Plan.clientEnds`. */
export const CLIENT_ENDS = { addresses: 1, ports: 2 } as const

interface PlanFields {
  readonly fields: readonly PlanField[]
  /** Bits of `CLIENT_ENDS`, if `biflowDirection` says which end is the source. */
  readonly clientEnds: number
}

/** The enterprise number of elements that fill no column because the user has redefined them. */
const REDEFINED = -2

/** Pairs of columns: where an element of IANA fills one, synonyms fill neither. */
const ENDS: readonly (readonly [Field, Field])[] = [
  [FIELD.srcAddr, FIELD.dstAddr],
  [FIELD.srcPort, FIELD.dstPort],
]

/** Counters by initiator, who is the client: a record with them has a known direction. */
const INITIATOR_COUNTERS: ReadonlySet<number> = new Set([
  IE.initiatorOctets,
  IE.responderOctets,
  IE.initiatorPackets,
  IE.responderPackets,
])

/** Replaces the synonyms among the fields of a template; most have none. */
export function planFields(sent: readonly FieldSpecifier[], elements: ElementRegistry): PlanFields {
  const isPlain = sent.every(({ enterprise, id }) => {
    return findSynonym(enterprise, id) === undefined && !elements.isOwn(enterprise, id)
  })
  if (isPlain) return { fields: sent, clientEnds: 0 }
  const own = sent.map((field): PlanField => {
    const isRedefined = field.enterprise === 0 && elements.isOwn(0, field.id)
    return isRedefined ? { ...field, enterprise: REDEFINED, sent: field } : field
  })
  const filled = filledColumns(own)
  let clientEnds = 0
  const fields = own.map((field): PlanField => {
    const synonym = elements.isOwn(field.enterprise, field.id)
      ? undefined
      : findSynonym(field.enterprise, field.id)
    const source = synonym && COLUMN_SOURCES.get(synonym.id)
    if (!synonym || !source || !fitsWidth(source.op, field.length)) return field
    if (endsOf(source.field).some((column) => filled.has(column))) return field
    if (synonym.isOfConnection) clientEnds |= clientEndsOf(source.field)
    return { ...field, enterprise: 0, id: synonym.id, sent: field }
  })
  const isOfInitiator = fields.some(({ enterprise, id }) => {
    return enterprise === 0 && INITIATOR_COUNTERS.has(id)
  })
  return { fields, clientEnds: isOfInitiator ? 0 : clientEnds }
}

/** Finds the columns that the elements of IANA among `fields` fill. */
function filledColumns(fields: readonly PlanField[]): ReadonlySet<Field> {
  const filled = new Set<Field>()
  for (const { enterprise, id, length } of fields) {
    const source = enterprise === 0 ? COLUMN_SOURCES.get(id) : undefined
    if (source && fitsWidth(source.op, length)) filled.add(source.field)
  }
  return filled
}

function endsOf(column: Field): readonly Field[] {
  return ENDS.find((ends) => ends.includes(column)) ?? [column]
}

function clientEndsOf(column: Field): number {
  return column === FIELD.srcAddr || column === FIELD.dstAddr
    ? CLIENT_ENDS.addresses
    : CLIENT_ENDS.ports
}
