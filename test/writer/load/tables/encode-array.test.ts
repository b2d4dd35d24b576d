import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ElementType, encodeArray } from '../../../../writer/load/tables/encode-array.ts'
import { useClient } from '../../../helpers/use-client.ts'

const SAFE = fc.maxSafeInteger()
const VALUES: Readonly<Record<ElementType, fc.Arbitrary<string | number | boolean>>> = {
  inet: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::', 'fe80::ffff:1')),
  text: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  boolean: fc.boolean(),
  smallint: fc.integer({ min: -32_768, max: 32_767 }),
  integer: fc.integer(),
  bigint: SAFE,
  timestamptz: fc.integer({ min: -1e15, max: 4e15 }),
}

/** How each type is read back as text. */
const AS_TEXT: Readonly<Partial<Record<ElementType, string>>> = {
  inet: 'host(value)',
  timestamptz: '(extract(epoch from value) * 1000000)::bigint::text',
}

describe('an encoded array', () => {
  const fixture = useClient({ migrate: false })

  async function readBack(type: ElementType, values: readonly unknown[]): Promise<unknown[]> {
    const asText = AS_TEXT[type] ?? 'value::text'
    const { rows } = await fixture.client.query(
      `select ${asText} as text from unnest($1::${type}[]) with ordinality as given (value, place)
       order by place`,
      [encodeArray(type, values)],
    )
    return rows.map(({ text }) => text)
  }

  for (const [type, value] of Object.entries(VALUES) as [ElementType, (typeof VALUES)['text']][]) {
    it(`of ${type} is read by the server as it was, with its NULLs`, async () => {
      const arrays = fc.array(fc.option(value), { maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(arrays, async (values) => {
          const expected = values.map((one) => (one === null ? null : String(one)))
          assert.deepEqual(await readBack(type, values), expected)
        }),
        { numRuns: 50, examples: [[[]], [[null]]] },
      )
    })
  }

  it('holds NULL for a number that is not finite, and the largest bigint for a larger one', async () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63, 2 ** 70, 2 ** 62]
    const largest = '9223372036854775807'
    const expected = [null, null, largest, largest, String(2n ** 62n)]
    assert.deepEqual(await readBack('bigint', values), expected)
  })
})
