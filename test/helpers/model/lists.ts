/**
 * Random lists of RFC 6313 as values of a field: basicList, subTemplateList, subTemplateMultiList,
 * and lists within them.
 */

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { VARIABLE, words } from '../netflow-bytes.ts'
import type { Element } from './elements.ts'
import { encodeRecord, encodeSpecifier, encodeValue, type ModelField, valueIn } from './fields.ts'
import type { ListTemplate, ModelValue, ModelValues } from './values.ts'

/** RFC 6313 section 4.4; a number that means nothing is shown as it is. */
const SEMANTICS = fc.constantFrom(
  ...([
    [0, 'noneOf'],
    [1, 'exactlyOneOf'],
    [2, 'oneOrMoreOf'],
    [3, 'allOf'],
    [4, 'ordered'],
    [255, 'undefined'],
    [77, '77'],
  ] as const),
)

type MakeField = () => fc.Arbitrary<ModelField>

/** The part after the semantic, and its members in JSON. */
interface ListBody {
  readonly bytes: Buffer
  readonly json: string
  readonly templates: readonly ListTemplate[]
}

/** Makes lists as values of a list element; `makeField` makes their content. */
export function listValues({ type }: Element, makeField: MakeField): fc.Arbitrary<ModelValues> {
  const bodies =
    type === 'basicList'
      ? basicLists(makeField)
      : type === 'subTemplateList'
        ? recordLists(makeField)
        : multiLists(makeField)
  const value = fc.tuple(SEMANTICS, bodies).map(([[semantic, name], body]): ModelValue => {
    const bytes = Buffer.concat([Buffer.of(semantic), body.bytes])
    return { bytes, json: `{"semantic":"${name}",${body.json}}`, templates: body.templates }
  })
  const variable = fc
    .array(value, { minLength: 1, maxLength: 2 })
    .map((values) => ({ length: VARIABLE, values }))
  // The content of a list of fixed length fills it: RFC 6313 knows no padding of a basicList.
  const fixed = value.map((only) => ({ length: only.bytes.length, values: [only] }))
  return fc.oneof({ weight: 4, arbitrary: variable }, { weight: 1, arbitrary: fixed })
}

/**
 *     basicList = semantic8 fieldSpecifier value…
 */
function basicLists(makeField: MakeField): fc.Arbitrary<ListBody> {
  return fc.tuple(makeField(), fc.nat(4)).map(([field, count]) => {
    const indexes = Array.from({ length: count }, (_, index) => index)
    const values = indexes.map((index) => valueIn(field, index))
    const { name } = field.element
    const specifier = encodeSpecifier(field)
    return {
      bytes: Buffer.concat([specifier, ...indexes.map((index) => encodeValue(field, index))]),
      json: `"element":${JSON.stringify(name)},"values":[${values.map(({ json }) => json).join()}]`,
      templates: values.flatMap(({ templates = [] }) => templates),
    }
  })
}

/**
 *     subTemplateList = semantic8 templateId16 record…
 */
function recordLists(makeField: MakeField): fc.Arbitrary<ListBody> {
  return records(makeField).map(({ id, bytes, json, templates }) => {
    return { bytes: Buffer.concat([words(id), bytes]), json, templates }
  })
}

/**
 *     subTemplateMultiList = semantic8 (templateId16 length16 record…)…
 */
function multiLists(makeField: MakeField): fc.Arbitrary<ListBody> {
  return fc.array(records(makeField), { maxLength: 2 }).map((lists) => ({
    bytes: Buffer.concat(
      lists.flatMap(({ id, bytes }) => [words(id, bytes.length + 4), bytes] as const),
    ),
    json: `"lists":[${lists.map(({ json }) => `{${json}}`).join()}]`,
    templates: lists.flatMap(({ templates }) => templates),
  }))
}

interface RecordList extends ListBody {
  readonly id: number
}

const FIRST_LIST_TEMPLATE = 20_000
const LIST_TEMPLATES = 20_000
/** The id of a template that nobody defines. */
const UNKNOWN_TEMPLATE = 65_000

/** Records of one template, which is known to the collector or not. */
function records(makeField: MakeField): fc.Arbitrary<RecordList> {
  return fc
    .tuple(fc.array(makeField(), { minLength: 1, maxLength: 4 }), fc.nat(3), fc.nat(7))
    .map(([fields, count, luck]): RecordList => {
      const indexes = Array.from({ length: count }, (_, index) => index)
      const bytes = Buffer.concat(indexes.map((index) => encodeRecord(fields, index)))
      if (luck === 7) {
        const json = `"templateId":${UNKNOWN_TEMPLATE},"hex":"${bytes.toString('hex')}"`
        return { id: UNKNOWN_TEMPLATE, bytes, json, templates: [] }
      }
      const specifiers = Buffer.concat(fields.map(encodeSpecifier))
      const id = FIRST_LIST_TEMPLATE + hashOf(specifiers)
      const own = { id, specifiers, fieldCount: fields.length }
      const inner = indexes.flatMap((index) =>
        fields.flatMap((field) => valueIn(field, index).templates ?? []),
      )
      const objects = indexes.map((index) => objectJson(fields, index))
      const json = `"templateId":${id},"records":[${objects.join()}]`
      return { id, bytes, json, templates: [own, ...inner] }
    })
}

/** Equal templates have equal ids, so that the same list is the same in every run. */
function hashOf(specifiers: Buffer): number {
  return createHash('sha256').update(specifiers).digest().readUInt32BE(0) % LIST_TEMPLATES
}

const PADDING_OCTETS = 210

/** Names that the template has more than once come last, with all their values. */
function objectJson(fields: readonly ModelField[], record: number): string {
  const members = new Map<string, string[]>()
  for (const field of fields) {
    const { enterprise, id, name } = field.element
    if (enterprise === 0 && id === PADDING_OCTETS) continue
    members.set(name, [...(members.get(name) ?? []), valueIn(field, record).json])
  }
  const all = [...members]
  const parts = [
    ...all.filter(([, values]) => values.length === 1).map(([name, values]) => [name, values[0]]),
    ...all.filter(([, values]) => values.length > 1).map(([name, values]) => [name, `[${values}]`]),
  ].map(([name, json]) => `${JSON.stringify(name)}:${json}`)
  return `{${parts.join()}}`
}
