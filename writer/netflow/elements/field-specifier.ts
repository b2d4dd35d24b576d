/** Field specifiers: the parts of a template. */

import { IE } from './information-elements.ts'

/** One field specifier (RFC 7011 section 3.2). */
export interface FieldSpecifier {
  /** 0 for IANA's elements and for every field of NetFlow v9; `V9_SCOPE` for scope types of v9. */
  readonly enterprise: number
  readonly id: number
  /** Bytes; `VARIABLE_LENGTH` if each record has a length of its own. */
  readonly length: number
}

export const VARIABLE_LENGTH = 65_535

/** Whether a field is padding: its value has no meaning. */
export function isPadding({ enterprise, id }: FieldSpecifier): boolean {
  return enterprise === 0 && id === IE.paddingOctets
}

/** The enterprise number of v9 scope fields: their types are not information elements. */
export const V9_SCOPE = -1
