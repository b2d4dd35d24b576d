/**
 * Splits the template of a biflow (RFC 5103) into the two records that it describes: both directions
 * stand in one record, the reverse one in elements of an enterprise number of their own.
 */

import { COLUMN_SOURCES } from './column-sources.ts'
import { REVERSE_ENTERPRISE } from './element-registry.ts'
import { type FieldSpecifier, PADDING_OCTETS } from './field-specifier.ts'
import { FIELD } from './flow-record.ts'

/** Counters of a flow: what only one direction counted must not be counted again. */
const COUNTERS = new Set([1, 2, 3, 19, 20, 23, 24, 85, 86, 132, 133, 134, 135, 171, 172, 352])

/** Responder counters make a second flow of their own, which is not to be counted again. */
const RESPONDER_COUNTERS = new Set([232, 299])

/** Elements that change places when the direction is turned. */
const SWAPPED = new Map(
  [
    [8, 12],
    [27, 28],
    [7, 11],
    [10, 14],
    [16, 17],
    [9, 13],
    [29, 30],
    [44, 45],
    [169, 170],
    [56, 80],
    [81, 57],
    [58, 59],
    [243, 254],
    [245, 255],
    [252, 253],
    [128, 129],
    [180, 181],
    [182, 183],
    [225, 226],
    [281, 282],
    [227, 228],
    [234, 235],
  ].flatMap(([one, other]) => [[one, other] as const, [other, one] as const]),
)

/** The fields of both records; each has all fields of the template in its order, some as padding. */
export interface BiflowFields {
  readonly forward: readonly FieldSpecifier[]
  readonly reverse: readonly FieldSpecifier[]
}

/** Splits the fields; undefined when no reverse counter has a column, so there is no second flow. */
export function splitBiflow(fields: readonly FieldSpecifier[]): BiflowFields | undefined {
  const reversed = new Set(fields.filter(isReverse).map(({ id }) => id))
  if (![...reversed].some(fillsCounter) || fields.some(countsResponder)) return undefined
  return {
    forward: fields.map((field) => (isReverse(field) ? padding(field) : field)),
    reverse: fields.map((field) => turn(field, reversed)),
  }
}

function fillsCounter(id: number): boolean {
  const field = COLUMN_SOURCES.get(id)?.field
  return field === FIELD.bytes || field === FIELD.packets
}

function countsResponder({ enterprise, id }: FieldSpecifier): boolean {
  return enterprise === 0 && RESPONDER_COUNTERS.has(id)
}

/**
 * Keys are not repeated in the record: they hold for both directions, end points swapped, unless the
 * reverse direction has a value of its own.
 */
function turn(field: FieldSpecifier, reversed: ReadonlySet<number>): FieldSpecifier {
  const { enterprise, id, length } = field
  if (isReverse(field)) return { enterprise: 0, id, length }
  if (enterprise !== 0) return field
  const turned = SWAPPED.get(id) ?? id
  if (reversed.has(turned) || COUNTERS.has(id)) return padding(field)
  return { enterprise, id: turned, length }
}

function isReverse({ enterprise }: FieldSpecifier): boolean {
  return enterprise === REVERSE_ENTERPRISE
}

function padding({ length }: FieldSpecifier): FieldSpecifier {
  return { enterprise: 0, id: PADDING_OCTETS, length }
}
