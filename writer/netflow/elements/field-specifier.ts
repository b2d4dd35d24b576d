/** Field specifiers, the parts of a template. */

/** One field specifier (RFC 7011 section 3.2). */
export interface FieldSpecifier {
  /** 0 for IANA's elements and for every field of NetFlow v9; `V9_SCOPE` for scope types of v9. */
  readonly enterprise: number
  readonly id: number
  /** Bytes; `VARIABLE_LENGTH` when each record says its own. */
  readonly length: number
}

export const VARIABLE_LENGTH = 65_535

/** The element whose value means nothing. */
export const PADDING_OCTETS = 210

/** Stands for an enterprise number in scope fields of NetFlow v9, whose types are no elements. */
export const V9_SCOPE = -1
