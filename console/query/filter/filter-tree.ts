/** A filter as a tree of tests, without columns and SQL. */

export type Comparison = '=' | '<' | '<=' | '>' | '>='

/** The condition of a test on each of its fields. Numbers are decimal texts, which hold 64 bits. */
export type Condition =
  | { readonly is: 'compared'; readonly cmp: Comparison; readonly value: string }
  | { readonly is: 'within'; readonly ranges: readonly (readonly [from: string, to: string])[] }
  | {
      readonly is: 'address'
      readonly hosts: readonly string[]
      readonly networks: readonly string[]
    }
  | { readonly is: 'named'; readonly name: string }
  /** An address of the list, or an exporter with one of the names. */
  | {
      readonly is: 'exporter'
      readonly addresses: Condition & { is: 'address' }
      readonly names: readonly string[]
    }
  | { readonly is: 'flags'; readonly set: number; readonly mask: number }
  | { readonly is: 'family'; readonly version: 4 | 6 }
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'present' }

/** One condition on one field, or on both ends of a flow. */
export interface FilterTest {
  readonly kind: 'test'
  /** Where it begins in the text. */
  readonly at: number
  readonly fields: readonly string[]
  /** Whether every field must meet the condition; else one of them. */
  readonly every: boolean
  readonly condition: Condition
  /** The element of a field of `extra`. */
  readonly element?: string
}

/** Nothing is known of a value that was not sent: a test of it is not met, and its `not` is. */
export type Filter =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly kind: 'not'; readonly term: Filter }
  | FilterTest
