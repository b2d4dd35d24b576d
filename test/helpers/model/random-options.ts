/** Random options templates whose records do not change the rows of flows. */

import fc from 'fast-check'
import type { ConversationVersion } from './conversation.ts'
import type { Element } from './elements.ts'
import type { ModelField } from './fields.ts'
import { IPFIX_FIELDS, V9_FIELDS } from './random-fields.ts'

/** Options that change rows: sampling, the boot, names. */
const TELLING = new Set([
  ...[34, 35, 48, 49, 50, 84, 302, 304, 305, 306, 307, 308, 309, 310, 311, 335],
  ...[82, 83, 94, 95, 96, 160],
])

function isTelling({ enterprise, id }: Element): boolean {
  return enterprise === 0 && TELLING.has(id)
}

/** RFC 3954 section 6.1: 1 system, 2 interface, 3 line card, 4 cache, 5 template, of any length. */
const V9_SCOPES = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.nat(8))
  .map(([id, length]): ModelField => {
    const element = { enterprise: 0, id, name: 'scope', type: undefined }
    return {
      element,
      length,
      form: 'short',
      values: [{ bytes: Buffer.alloc(length, 1), json: '' }],
    }
  })

/** Returns how many of the fields are scope fields, and all fields. */
export function randomOptions(
  version: ConversationVersion,
): fc.Arbitrary<readonly [scopes: number, fields: readonly ModelField[]]> {
  const field = version === 9 ? V9_FIELDS : IPFIX_FIELDS
  const options = fc.array(
    field.filter(({ element }) => !isTelling(element)),
    { minLength: 1, maxLength: 6 },
  )
  if (version === 10) return fc.tuple(fc.constant(1), options)
  return fc
    .tuple(fc.array(V9_SCOPES, { maxLength: 2 }), options)
    .map(([scopes, fields]) => [scopes.length, [...scopes, ...fields]] as const)
}
