/** Which streams a filter of flows can select, for answers that know streams and no flows. */

import type { Filter } from './filter/filter-tree.ts'
import { STREAMS } from './relations.ts'

const NONE: Filter = { kind: 'not', term: { kind: 'all' } }

/**
 * Returns a filter of streams. It selects every stream with a flow that the filter of flows
 * selects, or may have one: tests of other fields can turn out either way.
 */
export function streamFilter(filter: Filter): Filter {
  return replaceTests(filter, true)
}

/** @param outcome of tests that are not about the stream: true where they must not exclude it */
function replaceTests(filter: Filter, outcome: boolean): Filter {
  switch (filter.kind) {
    case 'all':
      return filter
    case 'test':
      if (filter.fields.every((field) => field in STREAMS)) return filter
      return outcome ? { kind: 'all' } : NONE
    case 'not':
      return { kind: 'not', term: replaceTests(filter.term, !outcome) }
    default:
      return { ...filter, terms: filter.terms.map((term) => replaceTests(term, outcome)) }
  }
}
