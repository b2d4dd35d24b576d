/**
 * Writes the lists of RFC 6313 as JSON: basicList, subTemplateList and subTemplateMultiList. A
 * broken list is written as hex.
 */

import type { ElementRegistry } from '../elements/element-registry.ts'
import { isPadding } from '../elements/field-specifier.ts'
import { MAX_LIST_DEPTH } from '../limits.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import type { Template } from '../memory/template.ts'
import { describeField, FORMAT, type Format, formatJson, jsonKey } from '../plan/extra-json.ts'
import type { DatagramBytes } from '../plan/read-bytes.ts'
import { FieldRange } from './field-range.ts'

const ENTERPRISE_BIT = 0x8000

/** RFC 6313 section 4.4. */
const SEMANTICS = ['noneOf', 'exactlyOneOf', 'oneOrMoreOf', 'allOf', 'ordered']

/** The facts that formatting a list needs besides its bytes. */
interface ListContext {
  readonly elements: ElementRegistry
  /** The stream that sent the list: its templates describe the records in lists. */
  readonly stream: StreamMemory | undefined
  readonly datagram: DatagramBytes
  /** How many lists contain this one. */
  readonly depth: number
}

/** Whether a format is that of a list. */
export function isList(format: number): boolean {
  return format >= FORMAT.basicList
}

/** Writes any value as JSON, lists included. */
export function formatValue(
  format: Format,
  [offset, length]: readonly [offset: number, length: number],
  context: ListContext,
): string {
  const { datagram, depth } = context
  if (isList(format) && depth < MAX_LIST_DEPTH && length > 0) {
    const inner = { ...context, depth: depth + 1 }
    const json = listJson(format, offset, offset + length, inner)
    if (json !== undefined) return json
  }
  return formatJson(isList(format) ? FORMAT.hex : format, datagram, offset, length)
}

function listJson(
  format: Format,
  offset: number,
  end: number,
  context: ListContext,
): string | undefined {
  const semantic = context.datagram.view.getUint8(offset)
  const name = SEMANTICS[semantic] ?? (semantic === 255 ? 'undefined' : String(semantic))
  const body =
    format === FORMAT.basicList
      ? basicListJson(offset + 1, end, context)
      : format === FORMAT.subTemplateList
        ? subTemplateListJson(offset + 1, end, context)
        : subTemplateMultiListJson(offset + 1, end, context)
  return body === undefined ? undefined : `{"semantic":"${name}",${body}}`
}

/**
 *     basicList = semantic8 enterpriseBit1 elementId15 elementLength16 [enterprise32] value…
 */
function basicListJson(offset: number, end: number, context: ListContext): string | undefined {
  const { elements, datagram } = context
  const { view } = datagram
  if (offset + 4 > end) return undefined
  const id = view.getUint16(offset)
  const length = view.getUint16(offset + 2)
  const hasEnterprise = (id & ENTERPRISE_BIT) !== 0
  if (hasEnterprise && offset + 8 > end) return undefined
  const enterprise = hasEnterprise ? view.getUint32(offset + 4) : 0
  const field = { enterprise, id: id & ~ENTERPRISE_BIT, length }
  const { name, format } = describeField(field, elements)
  const values: string[] = []
  const range = new FieldRange()
  let at = offset + (hasEnterprise ? 8 : 4)
  if (length === 0 && at < end) return undefined
  while (at < end) {
    at = range.find(view, length, at, end)
    if (at < 0) return undefined
    values.push(formatValue(format, [range.offset, range.length], context))
  }
  return `"element":${JSON.stringify(name)},"values":[${values.join(',')}]`
}

/**
 *     subTemplateList = semantic8 templateId16 record…
 */
function subTemplateListJson(
  offset: number,
  end: number,
  context: ListContext,
): string | undefined {
  if (offset + 2 > end) return undefined
  const templateId = context.datagram.view.getUint16(offset)
  return recordsJson(templateId, offset + 2, end, context)
}

/**
 *     subTemplateMultiList = semantic8 list…
 *     list                 = templateId16 length16 record…     length includes these four bytes
 */
function subTemplateMultiListJson(
  offset: number,
  end: number,
  context: ListContext,
): string | undefined {
  const { view } = context.datagram
  const lists: string[] = []
  let at = offset
  while (at + 4 <= end) {
    const length = view.getUint16(at + 2)
    if (length < 4 || at + length > end) return undefined
    const records = recordsJson(view.getUint16(at), at + 4, at + length, context)
    if (records === undefined) return undefined
    lists.push(`{${records}}`)
    at += length
  }
  if (at < end) return undefined
  return `"lists":[${lists.join(',')}]`
}

/**
 * Writes the records of one template, or their bytes if it is unknown. No padding follows the last
 * record (RFC 6313 section 4.5).
 */
function recordsJson(
  templateId: number,
  offset: number,
  end: number,
  context: ListContext,
): string | undefined {
  const template = context.stream?.template(templateId)
  if (template === undefined) {
    const hex = context.datagram.bytes.toString('hex', offset, end)
    return `"templateId":${templateId},"hex":"${hex}"`
  }
  const records: string[] = []
  let at = offset
  while (template.recordLength > 0 && at + template.recordLength <= end) {
    const next = recordJson(template, at, end, context)
    if (next === undefined) return undefined
    records.push(next.json)
    at = next.end
  }
  if (at < end) return undefined
  return `"templateId":${templateId},"records":[${records.join(',')}]`
}

/** A field of a list's template, prepared once for all records. */
interface Member {
  readonly length: number
  readonly format: Format
  /** With its colon; empty for padding. */
  readonly key: string
  /** Index of the array of a repeated name; −1 for other names. */
  readonly repeat: number
}

interface Members {
  readonly fields: readonly Member[]
  /** Keys of names that occur more than once in the template. */
  readonly repeatedKeys: readonly string[]
}

const membersOfTemplates = new WeakMap<Template, Members>()

/**
 * Prepares the fields of a template, without those of length 0: a thousand of them would cost more
 * than all bytes of a record.
 */
function membersOf(template: Template, elements: ElementRegistry): Members {
  const known = membersOfTemplates.get(template)
  if (known !== undefined) return known
  const described = template.presentFields.map((field) => ({
    field,
    ...describeField(field, elements),
  }))
  const counts = new Map<string, number>()
  for (const { name } of described) counts.set(name, (counts.get(name) ?? 0) + 1)
  const repeated = [...counts].filter(([, count]) => count > 1).map(([name]) => name)
  const members = {
    fields: described.map(({ field, name, format }): Member => {
      if (isPadding(field)) return { length: field.length, format, key: '', repeat: -1 }
      return { length: field.length, format, key: jsonKey(name), repeat: repeated.indexOf(name) }
    }),
    repeatedKeys: repeated.map(jsonKey),
  }
  membersOfTemplates.set(template, members)
  return members
}

function recordJson(
  template: Template,
  offset: number,
  end: number,
  context: ListContext,
): { readonly json: string; readonly end: number } | undefined {
  const { fields, repeatedKeys } = membersOf(template, context.elements)
  const repeats = repeatedKeys.map(() => '')
  const range = new FieldRange()
  let json = ''
  let at = offset
  for (const { length, format, key, repeat } of fields) {
    at = range.find(context.datagram.view, length, at, end)
    if (at < 0) return undefined
    if (key === '') continue
    const value = formatValue(format, [range.offset, range.length], context)
    if (repeat < 0) json += json === '' ? key + value : `,${key}${value}`
    else repeats[repeat] += repeats[repeat] === '' ? value : `,${value}`
  }
  repeatedKeys.forEach((key, index) => {
    if (repeats[index] !== '') json += `${json === '' ? '' : ','}${key}[${repeats[index]}]`
  })
  return { json: `{${json}}`, end: at }
}
