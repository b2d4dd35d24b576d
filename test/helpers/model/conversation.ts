/**
 * Random conversations of one exporter: templates that are defined, repeated and redefined, their
 * data before and after them, options, in any order and in any number of sets and messages. All of
 * it is valid; only its order is unusual.
 */

import fc from 'fast-check'
import {
  ipfixOptionsTemplate,
  ipfixTemplate,
  optionsTemplate,
  set,
  wire,
  words,
} from '../netflow-bytes.ts'
import { encodeRecord, leastRecordLength, type ModelField, specifierOf } from './fields.ts'
import type { ListTemplate } from './values.ts'

export type ConversationVersion = 9 | 10

/** One definition of a template. */
export interface Generation {
  readonly id: number
  readonly fields: readonly ModelField[]
  /** How many of the fields are scope fields; undefined for records of flows. */
  readonly scopes: number | undefined
}

/** A part of a message: a template, or a data set. */
export type Part =
  | { readonly kind: 'define'; readonly generation: Generation }
  | {
      readonly kind: 'data'
      readonly generation: Generation
      /** Numbers of the records in it. */
      readonly records: readonly number[]
      readonly padding: number
    }

/** How random numbers choose a conversation; smaller ones make it simpler. */
interface Topic {
  readonly generations: readonly (readonly ModelField[])[]
  readonly scopes: number | undefined
  /** Records of each data set, its padding, and whether the template is repeated before it. */
  readonly sets: readonly (readonly [records: number, padding: number, isRepeated: boolean])[]
  /** How many data sets come before the first definition. */
  readonly early: number
}

const FIRST_TEMPLATE = 256

/** Makes the parts of each template, in their order. */
export function randomTopics(
  field: fc.Arbitrary<ModelField>,
  optionsFields: fc.Arbitrary<readonly [scopes: number, fields: readonly ModelField[]]>,
): fc.Arbitrary<readonly (readonly Part[])[]> {
  const fields = fc.array(field, { minLength: 1, maxLength: 14 })
  const sets = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(7), fc.boolean()), {
    minLength: 1,
    maxLength: 4,
  })
  const flows = fc
    .tuple(fc.array(fields, { minLength: 1, maxLength: 2 }), sets, fc.nat(2))
    .map(([generations, sets, early]) => ({ generations, scopes: undefined, sets, early }))
  const options = fc
    .tuple(optionsFields, sets, fc.nat(2))
    .map(([[scopes, fields], sets, early]) => ({ generations: [fields], scopes, sets, early }))
  const topic: fc.Arbitrary<Topic> = fc.oneof(
    { weight: 4, arbitrary: flows },
    { weight: 1, arbitrary: options },
  )
  return fc
    .array(topic, { minLength: 1, maxLength: 3 })
    .map((topics) => topics.map((topic, index) => partsOf(topic, FIRST_TEMPLATE + index)))
}

function partsOf({ generations, scopes, sets, early }: Topic, id: number): Part[] {
  let record = 0
  return generations.flatMap((fields, index) => {
    const generation = { id, fields, scopes }
    const definition = { kind: 'define', generation } as const
    const data = sets.map(([count, padding, isRepeated]): Part[] => {
      const records = Array.from({ length: count }, () => record++)
      const least = leastRecordLength(fields)
      const part = {
        kind: 'data',
        generation,
        records,
        padding: Math.min(padding, least - 1),
      } as const
      return isRepeated ? [definition, part] : [part]
    })
    const before = index === 0 ? data.slice(0, early).map((parts) => parts.slice(-1)) : []
    return [...before.flat(), definition, ...data.slice(before.length).flat()]
  })
}

/** Mixes the parts of all topics as `picks` choose; each topic keeps its order. */
export function mixTopics(
  topics: readonly (readonly Part[])[],
  picks: readonly number[],
): readonly Part[] {
  const rest = topics.map((parts) => [...parts])
  const mixed: Part[] = []
  for (let turn = 0; rest.some((parts) => parts.length > 0); turn++) {
    const open = rest.filter((parts) => parts.length > 0)
    const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift()
    if (next) mixed.push(next)
  }
  return mixed
}

/** Writes the parts of a message as sets; templates that follow each other share one. */
export function encodeSets(parts: readonly Part[], version: ConversationVersion): Buffer[] {
  const sets: { id: number; content: Buffer[] }[] = []
  for (const part of parts) {
    const id = setIdOf(part, version)
    const last = sets.at(-1)
    if (part.kind === 'data') sets.push({ id, content: encodeData(part) })
    else if (last?.id === id) last.content.push(encodeTemplate(part.generation, version))
    else sets.push({ id, content: [encodeTemplate(part.generation, version)] })
  }
  // Template sets may be padded, too: less than a template's header cannot be one.
  return sets.map(({ id, content }) => {
    return set(id, ...content, Buffer.alloc(id < FIRST_TEMPLATE ? content.length % 4 : 0))
  })
}

function setIdOf({ kind, generation }: Part, version: ConversationVersion): number {
  if (kind === 'data') return generation.id
  return (version === 9 ? 0 : 2) + (generation.scopes === undefined ? 0 : 1)
}

function encodeData({ generation, records, padding }: Extract<Part, { kind: 'data' }>): Buffer[] {
  const encoded = records.map((record) => encodeRecord(generation.fields, record))
  return [...encoded, Buffer.alloc(padding)]
}

function encodeTemplate({ id, fields, scopes }: Generation, version: ConversationVersion): Buffer {
  const specifiers = fields.map(specifierOf)
  if (scopes === undefined) return ipfixTemplate(id, specifiers)
  if (version === 10) return ipfixOptionsTemplate(id, scopes, specifiers)
  // In v9 no field has an enterprise.
  const widths = specifiers.map(([element, length]) => [element, length] as const)
  return optionsTemplate(id, widths.slice(0, scopes), widths.slice(scopes))
}

/** Writes the templates of lists that a conversation needs before anything else. */
export function encodeListTemplates(parts: readonly Part[]): Buffer {
  const templates = new Map<number, ListTemplate>()
  for (const { generation } of parts) {
    for (const { values } of generation.fields) {
      for (const { templates: own = [] } of values) for (const t of own) templates.set(t.id, t)
    }
  }
  if (templates.size === 0) return Buffer.alloc(0)
  const records = [...templates.values()].map(({ id, fieldCount, specifiers }) =>
    wire(words(id, fieldCount), specifiers),
  )
  return set(2, ...records)
}
