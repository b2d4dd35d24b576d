/** The parser that is generated from `filter-parser.peggy`. */

/** A value as it is written. */
export interface ValueSyntax {
  /** Where it begins in the text. */
  readonly at: number
  readonly text: string
  /** Of a number: k, m, g, t, or nothing. */
  readonly unit?: string
  /** The end of a range. */
  readonly to?: ValueSyntax
  /** A netmask after an address. */
  readonly mask?: ValueSyntax
  /** A name where a number could be. */
  readonly isName?: boolean
  /** Quoted: no number, whatever it looks like. */
  readonly isText?: boolean
}

/** A test as it is written; its values are not checked yet. */
export interface TestSyntax {
  readonly kind: 'test'
  readonly at: number
  readonly subject: string
  readonly ends: 'src' | 'dst' | 'either' | 'both' | null
  readonly cmp: string | null
  readonly values: readonly ValueSyntax[]
  /** The element that `extra` names. */
  readonly name?: string
}

export type FilterSyntax =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly FilterSyntax[] }
  | { readonly kind: 'not'; readonly term: FilterSyntax }
  | TestSyntax

/** The error of the parser. */
export interface ParseFailure {
  readonly message: string
  /** null: the message says all. */
  readonly expected: readonly { readonly type: string; readonly description?: string }[] | null
  readonly found: string | null
  readonly location: { readonly start: { readonly offset: number } }
}

/** @throws ParseFailure */
export function parse(text: string, options: { readonly maxTests: number }): FilterSyntax
