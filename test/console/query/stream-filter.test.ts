/** A filter of streams misses no stream with a flow that the filter of flows selects. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileFilter } from '../../../console/query/compile-filter.ts'
import { parseFilter } from '../../../console/query/filter/filter.ts'
import type { Filter, FilterTest } from '../../../console/query/filter/filter-tree.ts'
import { STREAMS } from '../../../console/query/relations.ts'
import { Parameters } from '../../../console/query/sql.ts'
import { streamFilter } from '../../../console/query/stream-filter.ts'

/** Values of tests, by the name of their field. */
type Values = Readonly<Record<string, boolean>>

function evaluate(filter: Filter, values: Values): boolean {
  switch (filter.kind) {
    case 'all':
      return true
    case 'test':
      return filter.fields.some((field) => values[field])
    case 'not':
      return !evaluate(filter.term, values)
    case 'and':
      return filter.terms.every((term) => evaluate(term, values))
    default:
      return filter.terms.some((term) => evaluate(term, values))
  }
}

const test = (field: string): FilterTest => ({
  kind: 'test',
  at: 0,
  fields: [field],
  every: false,
  condition: { is: 'present' },
})

const STREAM_FIELDS = ['exporter', 'export_version']
const FLOW_FIELDS = ['src_port', 'protocol']

/** All trees of a depth over the four fields. */
function trees(depth: number): Filter[] {
  const leaves = [...STREAM_FIELDS, ...FLOW_FIELDS].map(test)
  if (depth === 0) return leaves
  const parts = trees(depth - 1)
  return [
    ...parts,
    ...parts.map((term): Filter => ({ kind: 'not', term })),
    ...parts.flatMap((left) =>
      leaves.flatMap((right): Filter[] => [
        { kind: 'and', terms: [left, right] },
        { kind: 'or', terms: [{ kind: 'not', term: left }, right] },
      ]),
    ),
  ]
}

const BOOLEANS = [false, true]
const settings = (names: readonly string[]): Values[] =>
  names.reduce<Values[]>(
    (all, name) => all.flatMap((values) => BOOLEANS.map((value) => ({ ...values, [name]: value }))),
    [{}],
  )

describe('the streams that a filter can select', () => {
  it('are all that have a flow which it selects', () => {
    const flows = settings(FLOW_FIELDS)
    let excluded = 0
    for (const filter of trees(2)) {
      const chosen = streamFilter(filter)
      for (const stream of settings(STREAM_FIELDS)) {
        const isPossible = flows.some((flow) => evaluate(filter, { ...stream, ...flow }))
        const isChosen = evaluate(chosen, { ...stream })
        assert.ok(isChosen || !isPossible, JSON.stringify({ filter, stream }))
        if (!isChosen) excluded += 1
      }
    }
    assert.ok(excluded > 300, `${excluded} streams are excluded`)
  })

  it('are exactly those when each test stands once', () => {
    const once: Filter = {
      kind: 'and',
      terms: [
        { kind: 'or', terms: [test('exporter'), { kind: 'not', term: test('protocol') }] },
        { kind: 'not', term: { kind: 'or', terms: [test('export_version'), test('src_port')] } },
      ],
    }
    const chosen = streamFilter(once)
    for (const stream of settings(STREAM_FIELDS)) {
      assert.equal(evaluate(chosen, stream), stream['export_version'] === false)
    }
  })

  it('can be asked of everything that has the columns of a stream', () => {
    for (const [text, condition] of [
      ['', 'true'],
      ['port 443', 'true'],
      ['version 9 and port 443', '(export_version = $1::bigint and true)'],
      ['exporter 192.0.2.1 or port 443', '(exporter = $1::inet or true)'],
      [
        'not (domain 7 and port 443)',
        '((observation_domain = $1::bigint and (true) is not true)) is not true',
      ],
    ] as const) {
      const parameters = new Parameters()
      assert.equal(
        compileFilter(streamFilter(parseFilter(text)), STREAMS, parameters),
        condition,
        text,
      )
    }
  })
})
