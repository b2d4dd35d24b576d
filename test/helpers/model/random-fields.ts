/** Random fields of templates of NetFlow v9 and IPFIX, with values of every type. */

import fc from 'fast-check'
import { type Element, IPFIX_ELEMENTS, V9_ELEMENTS } from './elements.ts'
import type { ModelField } from './fields.ts'
import { listValues } from './lists.ts'
import { scalarValues } from './values.ts'

/** Lists in lists are read four deep; deeper ones are for another test. */
const LIST_DEPTH = 3

function fieldOf(elements: fc.Arbitrary<Element>, listDepth: number): fc.Arbitrary<ModelField> {
  return elements.chain((element) => {
    const scalars = scalarValues(element)
    const inner = () => fieldOf(elements, listDepth - 1)
    if (scalars === undefined && listDepth === 0) return inner()
    return fc
      .tuple(scalars ?? listValues(element, inner), fc.constantFrom('short', 'long'))
      .map(([{ length, values }, form]): ModelField => ({ element, length, form, values }))
  })
}

/** A field of a template of NetFlow v9, which knows no lists. */
export const V9_FIELDS = fieldOf(
  V9_ELEMENTS.filter(({ type }) => type === undefined || !type.endsWith('List')),
  0,
)

export const IPFIX_FIELDS = fieldOf(IPFIX_ELEMENTS, LIST_DEPTH)
