/** How rows narrow the filter: every text is one that the filter language reads. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileFilter } from '../../../../console/query/compile-filter.ts'
import { parseFilter } from '../../../../console/query/filter/filter.ts'
import type { Filter } from '../../../../console/query/filter/filter-tree.ts'
import { KEYS } from '../../../../console/query/keys.ts'
import { FLOWS } from '../../../../console/query/relations.ts'
import { Parameters } from '../../../../console/query/sql.ts'
import { findTest, narrowFilter } from '../../../../console/web/page/narrow-filter.ts'
import { modelFilter } from '../../query/filter-model.ts'

const address = fc.oneof(fc.ipV4(), fc.ipV6())
const number = (max: number) => fc.integer({ min: 0, max }).map(String)

/** Keys as the lists of the database write them. */
const KEY_TEXTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  src: address,
  dst: address,
  address,
  pair: fc.tuple(address, address).map((ends) => ends.join(' > ')),
  src_port: number(65_535),
  dst_port: number(65_535),
  service: number(65_535),
  protocol: number(255),
  src_as: number(2 ** 32 - 1),
  dst_as: number(2 ** 32 - 1),
  exporter: address,
  input_if: number(2 ** 32 - 1),
  output_if: number(2 ** 32 - 1),
  interface: fc.tuple(address, number(2 ** 32 - 1)).map((parts) => parts.join(' ')),
  direction: fc.constantFrom('0', '1'),
  tos: number(255),
  prefix: fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map((parts) => parts.join('/')),
  'src/24,48': fc.ipV4().map((own) => `${own}/24`),
  'dst/24,48': fc.ipV6().map((own) => `${own}/48`),
}
/** Kinds of keys that filters cannot test. */
const WITHOUT = ['all', 'application']

/** A tree without offsets, and with nested `and` in one list. */
function shape(filter: Filter): unknown {
  if (filter.kind === 'all') return filter
  if (filter.kind === 'not') return { not: shape(filter.term) }
  if (filter.kind === 'test') return { ...filter, at: 0 }
  const terms = filter.terms.flatMap((term) => {
    const own = shape(term)
    return term.kind === 'and' && filter.kind === 'and' ? (own as { and: unknown[] }).and : [own]
  })
  return { [filter.kind]: terms }
}

const shapeOf = (text: string) => shape(parseFilter(text))
const both = (one: string, other: string) =>
  shape({ kind: 'and', terms: [parseFilter(one), parseFilter(other)] })

describe('the test of a row', () => {
  for (const key of [...Object.keys(KEYS), 'src/24,48', 'dst/24,48']) {
    const texts = KEY_TEXTS[key]
    if (!texts) {
      it(`of ${key} is none`, () => {
        assert.ok(WITHOUT.includes(key), `${key} has no keys to try`)
        assert.equal(findTest(key, 'some'), undefined)
      })
      continue
    }
    it(`of ${key} compiles`, () => {
      fc.assert(
        fc.property(texts, (own) => {
          const test = findTest(key, own) ?? assert.fail(`${own} has no test`)
          compileFilter(parseFilter(test), FLOWS, new Parameters())
        }),
        { numRuns: 30 },
      )
    })
  }

  it('is none for a key that was not sent, and for other', () => {
    assert.equal(findTest('src', null), undefined)
    assert.equal(findTest('src', 'other'), undefined)
    assert.equal(findTest('pair', '192.0.2.1 > -'), undefined)
    assert.equal(findTest('interface', '192.0.2.1 -'), undefined)
  })
})

describe('a filter that is narrowed', () => {
  it('holds for what held before and passes the test', () => {
    fc.assert(
      fc.property(modelFilter, address, ({ text }, own) => {
        const test = `src host ${own}`
        assert.deepEqual(shapeOf(narrowFilter(text, test)), both(text, test))
      }),
    )
  })

  it('is the same when it is narrowed by the same again', () => {
    fc.assert(
      fc.property(modelFilter, address, ({ text }, own) => {
        const once = narrowFilter(text, `src host ${own}`)
        assert.equal(narrowFilter(once, `src host ${own}`), once)
      }),
    )
  })

  it('has no needless test', () => {
    assert.equal(narrowFilter('  ', 'proto 6'), 'proto 6')
    assert.equal(narrowFilter('proto 6', 'proto 6'), 'proto 6')
    assert.equal(narrowFilter('port 53', 'proto 6'), 'port 53 and proto 6')
    assert.equal(narrowFilter('port 53 or port 80', 'proto 6'), '(port 53 or port 80) and proto 6')
    assert.equal(
      narrowFilter('port 53 or port 80 and proto 6', 'proto 6'),
      '(port 53 or port 80 and proto 6) and proto 6',
    )
  })
})
