/** Reads template sets and options template sets of IPFIX (RFC 7011 section 3.4). */

import type { FieldSpecifier } from '../elements/field-specifier.ts'
import { MAX_FIELDS_PER_TEMPLATE } from '../limits.ts'
import { createTemplate, type Template } from '../memory/template.ts'
import {
  type CurrentMessage,
  defineTemplate,
  rejectTemplate,
  type SetContent,
} from './template-sets.ts'

const ENTERPRISE_BIT = 0x8000

/** One template record of a set. */
interface TemplateRecord {
  readonly id: number
  /** Empty for a withdrawal. */
  readonly fields: readonly FieldSpecifier[]
  readonly scopeFields: number
  /** Where the record ends. */
  readonly end: number
}

/**
 * Reads the record at `content.offset`:
 *
 *     template         = templateId16 fieldCount16 field×fieldCount
 *     options template = templateId16 fieldCount16 scopeFieldCount16 field×fieldCount
 *     field            = enterpriseBit1 elementId15 length16 [enterpriseNumber32 if the bit is set]
 *     withdrawal       = templateId16 fieldCount16=0
 *
 * @returns undefined if it reaches beyond the set
 */
export function readIpfixTemplate(
  { view, offset, end }: SetContent,
  isOptions: boolean,
): TemplateRecord | undefined {
  const id = view.getUint16(offset)
  const count = view.getUint16(offset + 2)
  if (count === 0) return { id, fields: [], scopeFields: 0, end: offset + 4 }
  let at = offset + 4
  let scopeFields = 0
  if (isOptions) {
    if (at + 2 > end) return undefined
    scopeFields = view.getUint16(at)
    at += 2
  }
  const fields: FieldSpecifier[] = []
  for (let index = 0; index < count; index++) {
    if (at + 4 > end) return undefined
    const id = view.getUint16(at)
    const length = view.getUint16(at + 2)
    at += 4
    let enterprise = 0
    if (id & ENTERPRISE_BIT) {
      if (at + 4 > end) return undefined
      enterprise = view.getUint32(at)
      at += 4
    }
    // One more than allowed, so that the template is found to have too many.
    if (index <= MAX_FIELDS_PER_TEMPLATE) {
      fields.push({ enterprise, id: id & ~ENTERPRISE_BIT, length })
    }
  }
  return { id, fields, scopeFields, end: at }
}

/** Whether a template record can begin at `offset`; otherwise the rest of the set is padding. */
export function hasTemplate({ view, offset, end }: SetContent): boolean {
  return offset + 4 <= end && view.getUint16(offset) !== 0
}

/** Creates the template that a record defines. */
export function templateOf(record: TemplateRecord, isOptions: boolean): Template {
  const { id, fields, scopeFields } = record
  return createTemplate(id, fields, isOptions ? { scopeFields } : undefined)
}

/** Reads all templates of a set. */
export function readIpfixTemplateSet(
  content: SetContent,
  isOptions: boolean,
  current: CurrentMessage,
): void {
  const { view, end } = content
  let { offset } = content
  while (hasTemplate({ view, offset, end })) {
    const record = readIpfixTemplate({ view, offset, end }, isOptions)
    if (record === undefined) {
      rejectTemplate(current, view.getUint16(offset), 'template-overruns-set')
      return
    }
    offset = record.end
    if (record.fields.length === 0) {
      // A withdrawal over UDP MUST be ignored (RFC 7011 section 8.4).
      current.sets.result.report(
        'template-withdrawal',
        record.id,
        `withdrawal of template ${record.id}`,
      )
    } else if (
      isOptions &&
      (record.scopeFields === 0 || record.scopeFields > record.fields.length)
    ) {
      rejectTemplate(current, record.id, 'options-template-without-scope')
    } else {
      defineTemplate(templateOf(record, isOptions), current)
    }
  }
}
