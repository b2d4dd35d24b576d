/** Reads template sets and options template sets of NetFlow v9 (RFC 3954 sections 5.2 and 6.1). */

import { type FieldSpecifier, V9_SCOPE } from '../elements/field-specifier.ts'
import { MAX_FIELDS_PER_TEMPLATE } from '../limits.ts'
import { createTemplate } from '../memory/template.ts'
import type { ByteRange } from '../plan/read-bytes.ts'
import { type CurrentMessage, defineTemplate, rejectTemplate } from './template-sets.ts'

/**
 * Reads the templates of a set into `stream`.
 *
 *     template set     = template… padding
 *     template         = templateId16 fieldCount16 field×fieldCount
 *     field            = type16 length16
 */
export function readV9TemplateSet(content: ByteRange, current: CurrentMessage): void {
  const { view } = content.datagram
  let at = content.offset
  while (at + 4 <= content.end) {
    const id = view.getUint16(at)
    const count = view.getUint16(at + 2)
    if (id === 0 && count === 0) return
    at += 4
    if (at + count * 4 > content.end) {
      rejectTemplate(current, id, 'template-overruns-set')
      return
    }
    const fields = readFields(view, at, count, 0)
    at += count * 4
    defineTemplate(createTemplate(id, fields), current)
  }
}

/**
 * Reads the options templates of a set into `stream`. The lengths are in bytes; padding is only at
 * the end of the set.
 *
 *     options template set = options template… padding
 *     options template     = templateId16 scopeLength16 optionLength16 scope… option…
 *     scope, option        = type16 length16
 */
export function readV9OptionsTemplateSet(content: ByteRange, current: CurrentMessage): void {
  const { view } = content.datagram
  let at = content.offset
  while (at + 6 <= content.end) {
    const id = view.getUint16(at)
    // Only whole field specifiers count: one exporter sends 9 as the length of 8 bytes.
    const scopeLength = view.getUint16(at + 2) & ~3
    const optionLength = view.getUint16(at + 4) & ~3
    if (id === 0 && scopeLength === 0 && optionLength === 0) return
    at += 6
    if (at + scopeLength + optionLength > content.end) {
      rejectTemplate(current, id, 'template-overruns-set')
      return
    }
    const scopes = readFields(view, at, scopeLength / 4, V9_SCOPE)
    const options = readFields(view, at + scopeLength, optionLength / 4, 0)
    at += scopeLength + optionLength
    const template = createTemplate(id, [...scopes, ...options], { scopeFields: scopes.length })
    if (options.length === 0) {
      current.sets.result.report('options-template-without-options', id, `options template ${id}`)
    }
    defineTemplate(template, current)
  }
}

function readFields(
  view: DataView,
  offset: number,
  count: number,
  enterprise: number,
): FieldSpecifier[] {
  const fields: FieldSpecifier[] = []
  const read = Math.min(count, MAX_FIELDS_PER_TEMPLATE + 1)
  for (let index = 0; index < read; index++) {
    const at = offset + index * 4
    fields.push({ enterprise, id: view.getUint16(at), length: view.getUint16(at + 2) })
  }
  return fields
}
