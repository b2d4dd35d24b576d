/**
 * Every field of a template, of any width, is in the row: in `extra` under its name, or in a column
 * that changes with it. The test has no list of columns, so it cannot share a mistake with the
 * decoder's tables.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type DecodedFlow, decodeAlone } from '../../helpers/decoder-harness.ts'
import {
  type Element,
  IPFIX_ELEMENTS,
  REGISTRY,
  REVERSE,
  V9_ELEMENTS,
} from '../../helpers/model/elements.ts'
import { encodeRecord, encodeSpecifier, type ModelField } from '../../helpers/model/fields.ts'
import { jsonItems, jsonMembers } from '../../helpers/model/json-members.ts'
import { propertyRuns } from '../../helpers/model/property-runs.ts'
import { ipfixMessage, set, VARIABLE, v9Message, words } from '../../helpers/netflow-bytes.ts'

type Version = 9 | 10

const PADDING_OCTETS = 210

/** The rows of one record: one, or one a direction. */
interface Row {
  readonly columns: DecodedFlow
  readonly extra: Readonly<Record<string, string>>
}

function decodeRow(version: Version, fields: readonly ModelField[]): readonly Row[] {
  const specifiers = Buffer.concat(fields.map(encodeSpecifier))
  const definition = set(version === 9 ? 0 : 2, words(256, fields.length), specifiers)
  const data = set(256, encodeRecord(fields, 0))
  const message = version === 9 ? v9Message(definition, data) : ipfixMessage(definition, data)
  return decodeAlone(message).flows.map(({ extra, ...columns }) => {
    return { columns, extra: extra === undefined ? {} : jsonMembers(String(extra)) }
  })
}

/** Values without a zero: zero may mean that a field does not apply. */
const octets = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length, min: 1 }).map((bytes) => Buffer.from(bytes))

const USUAL_LENGTHS = [1, 2, 4, 8, 6, 16]

/** Any element of any width, also of widths that its type cannot have. */
function fieldOf(element: Element): fc.Arbitrary<ModelField> {
  const lengths = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...USUAL_LENGTHS) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) },
  )
  return fc.tuple(lengths.chain(octets), fc.nat(9)).map(([bytes, luck]): ModelField => {
    const length = luck === 0 ? VARIABLE : bytes.length
    return { element, length, form: 'short', values: [{ bytes, json: '' }] }
  })
}

/** The same field with another value, once for each octet. */
function* changed(field: ModelField): Iterable<ModelField> {
  const bytes = field.values[0]?.bytes ?? Buffer.alloc(0)
  for (let at = 0; at < bytes.length; at++) {
    const other = Buffer.from(bytes)
    other[at] = other[at] === 1 ? 2 : 1
    yield { ...field, values: [{ bytes: other, json: '' }] }
  }
}

const IANA_NAMES = new Map(
  REGISTRY.filter(({ enterprise }) => enterprise === 0).map(({ id, name }) => [id, name]),
)

/** The names of a field in `extra`: the reverse row has the name of the forward row. */
function namesOf({ enterprise, id, name }: Element): readonly string[] {
  return enterprise === REVERSE ? [name, IANA_NAMES.get(id) ?? `0.${id}`] : [name]
}

/** A start after its end is replaced, and kept under the name of its column. */
const SENT_START = 'flowStart'

/** The rows without the members of `extra` that are named after elements. */
function restOf(rows: readonly Row[]): string {
  const rest = rows.map(({ columns, extra }) => [columns, extra[SENT_START]])
  return JSON.stringify(rest, replaceBigint)
}

/** Counts the fields in `extra`; the others have to be in columns. */
function checkFields(version: Version, fields: readonly ModelField[]): number {
  const rows = decodeRow(version, fields)
  const outside = fields.filter((field, index) => {
    const { element } = field
    const count = fields.filter((other) => other.element.name === element.name).length
    const isPadding = [0, REVERSE].includes(element.enterprise) && element.id === PADDING_OCTETS
    if (isPadding || countValues(rows, element, count > 1) >= count) return false
    // Of a repeated element one value may be in a column, another one in extra.
    const view = count > 1 ? JSON.stringify : restOf
    const others = [...changed(field)].map((other) => decodeRow(version, fields.with(index, other)))
    const isFound = others.some((other) => view(other, replaceBigint) !== view(rows, replaceBigint))
    const found = JSON.stringify(rows, replaceBigint)
    assert.ok(isFound, `${element.enterprise}.${element.id} vanished from ${found}`)
    return true
  })
  return fields.length - outside.length
}

/** Counts the values in `extra` under the names of an element. */
function countValues(rows: readonly Row[], element: Element, isRepeated: boolean): number {
  const texts = rows.flatMap(({ extra }) => namesOf(element).flatMap((name) => extra[name] ?? []))
  const values = texts.flatMap((text) => {
    return isRepeated && text.startsWith('[') ? jsonItems(text) : [text]
  })
  return values.length
}

function replaceBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

describe('no field of a template vanishes', () => {
  for (const version of [9, 10] as const) {
    const name = version === 9 ? 'v9' : 'IPFIX'
    const elements = version === 9 ? V9_ELEMENTS : IPFIX_ELEMENTS

    it(`of any template of ${name}`, () => {
      const template = fc.array(elements.chain(fieldOf), { minLength: 1, maxLength: 14 })
      fc.assert(
        fc.property(template, (fields) => {
          checkFields(version, fields)
        }),
        { ...propertyRuns(500), includeErrorInReport: true },
      )
    })

    it(`of any element of the registry, in ${name}`, () => {
      const known = REGISTRY.filter(({ enterprise }) => version === 10 || enterprise === 0)
      let [all, inExtra] = [0, 0]
      for (let at = 0; at < known.length; at += 12) {
        const fields = fc.tuple(...known.slice(at, at + 12).map(fieldOf))
        fc.assert(
          fc.property(fields, (chosen) => {
            inExtra += checkFields(version, chosen)
            all += chosen.length
          }),
          { numRuns: 2, seed: at, includeErrorInReport: true },
        )
      }
      assert.ok(inExtra > all / 2 && all - inExtra > 30, `${inExtra} of ${all} are in extra`)
    })
  }
})
