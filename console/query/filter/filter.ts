/**
 * Reads the filter language: a text becomes a tree of tests with checked values.
 * `compile-filter.ts` turns the tree into SQL.
 */

import { FilterError, syntaxError } from './filter-error.ts'
import { type FilterSyntax, type ParseFailure, parse, type TestSyntax } from './filter-parser.js'
import { checkTest } from './filter-tests.ts'
import type { Filter } from './filter-tree.ts'

const MAX_TEXT_BYTES = 65_536
const MAX_DEPTH = 64
const MAX_NODES = 1_000

/**
 * Reads a filter.
 *
 * @throws FilterError that points at the place and says what is possible there
 */
export function parseFilter(text: string): Filter {
  if (new TextEncoder().encode(text).length > MAX_TEXT_BYTES) {
    throw new FilterError(`the filter is longer than ${MAX_TEXT_BYTES} bytes`, 0)
  }
  checkDepth(text)
  const syntax = parseSyntax(text)
  let nodes = 0
  const check = (node: FilterSyntax): Filter => {
    nodes += 1
    if (nodes > MAX_NODES) {
      throw new FilterError(`the filter has more than ${MAX_NODES} tests and operators`, 0)
    }
    switch (node.kind) {
      case 'all':
        return node
      case 'not':
        return { kind: 'not', term: check(node.term) }
      case 'test':
        return negateUnequal(node)
      default:
        return { kind: node.kind, terms: node.terms.map(check) }
    }
  }
  return check(syntax)
}

/** Joins filters into one that holds where all of them hold. */
export function joinFilters(filters: readonly Filter[]): Filter {
  const terms = filters.filter(({ kind }) => kind !== 'all')
  if (terms.length > 1) return { kind: 'and', terms }
  return terms[0] ?? { kind: 'all' }
}

/** Reads `!=` as "not =": neither end may be equal, and a value that was not sent is unequal. */
function negateUnequal(test: TestSyntax): Filter {
  if (test.cmp !== '!=') return checkTest(test)
  return { kind: 'not', term: checkTest({ ...test, cmp: '=' }) }
}

/** Limits the depth and number of parentheses before the parser, which calls itself for each. */
function checkDepth(text: string): void {
  let depth = 0
  let opened = 0
  for (const { 0: found, index } of text.matchAll(/"[^"]*"|'[^']*'|[()]/g)) {
    if (found === '(') {
      depth += 1
      opened += 1
    }
    if (found === ')') depth -= 1
    if (depth > MAX_DEPTH) {
      throw new FilterError(`parentheses are nested deeper than ${MAX_DEPTH}`, index)
    }
    if (opened > MAX_NODES) throw new FilterError(`more than ${MAX_NODES} parentheses`, index)
  }
}

function parseSyntax(text: string): FilterSyntax {
  try {
    return parse(text, { maxTests: MAX_NODES })
  } catch (error) {
    if (!isParseFailure(error)) throw error
    const position = error.location.start.offset
    if (error.expected === null) throw new FilterError(error.message, position)
    const expected = error.expected.map(({ description, type }) => description ?? type)
    throw syntaxError(text, { position, expected })
  }
}

function isParseFailure(error: unknown): error is ParseFailure {
  return error instanceof Error && 'expected' in error && 'location' in error
}
