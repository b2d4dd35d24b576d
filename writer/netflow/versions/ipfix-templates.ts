/** Reads template sets and options template sets of IPFIX (RFC 7011 section 3.4). */

import type { FieldSpecifier } from '../elements/field-specifier.ts'
import { MAX_FIELDS_PER_TEMPLATE } from '../limits.ts'
import { createTemplate, type Template } from '../memory/template.ts'
import type { ByteRange } from '../plan/read-bytes.ts'
import { type CurrentMessage, defineTemplate, rejectTemplate } from './template-sets.ts'

/** Ids of sets; ids from `firstData` on are those of templates. */
export const IPFIX_SET = { template: 2, optionsTemplate: 3, firstData: 256 } as const

export type TemplateSetId = typeof IPFIX_SET.template | typeof IPFIX_SET.optionsTemplate

const ENTERPRISE_BIT = 0x8000

/** One template record of a set. */
interface TemplateRecord {
  readonly id: number
  /** Empty for a withdrawal. */
  readonly fields: readonly FieldSpecifier[]
  /** Undefined in a template of flow records, and in a withdrawal. */
  readonly scopeFields: number | undefined
  /** Where the record ends. */
  readonly end: number
}

/**
 * Reads the first record of `range`:
 *
 *     template         = templateId16 fieldCount16 field×fieldCount
 *     options template = templateId16 fieldCount16 scopeFieldCount16 field×fieldCount
 *     field            = enterpriseBit1 elementId15 length16 [enterpriseNumber32 if the bit is set]
 *     withdrawal       = templateId16 fieldCount16=0
 *
 * @returns undefined if it reaches beyond the set
 */
export function readIpfixTemplate(
  setId: TemplateSetId,
  range: ByteRange,
): TemplateRecord | undefined {
  const { offset, end } = range
  const { view } = range.datagram
  const id = view.getUint16(offset)
  const count = view.getUint16(offset + 2)
  if (count === 0) return { id, fields: [], scopeFields: undefined, end: offset + 4 }
  let at = offset + 4
  let scopeFields: number | undefined
  if (setId === IPFIX_SET.optionsTemplate) {
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
export function hasTemplate({ datagram: { view }, offset, end }: ByteRange): boolean {
  return offset + 4 <= end && view.getUint16(offset) !== 0
}

/** Creates the template that a record defines. */
export function templateOf({ id, fields, scopeFields }: TemplateRecord): Template {
  return createTemplate(id, fields, scopeFields === undefined ? undefined : { scopeFields })
}

/** Reads all templates of a set. */
export function readIpfixTemplateSet(
  setId: TemplateSetId,
  content: ByteRange,
  current: CurrentMessage,
): void {
  const { datagram, end } = content
  let { offset } = content
  while (hasTemplate({ datagram, offset, end })) {
    const record = readIpfixTemplate(setId, { datagram, offset, end })
    if (record === undefined) {
      rejectTemplate(current, datagram.view.getUint16(offset), 'template-overruns-set')
      return
    }
    offset = record.end
    const { id, fields, scopeFields } = record
    if (fields.length === 0) {
      // A withdrawal over UDP MUST be ignored (RFC 7011 section 8.4).
      current.sets.result.report('template-withdrawal', id, `withdrawal of template ${id}`)
    } else if (scopeFields === 0 || (scopeFields ?? 0) > fields.length) {
      rejectTemplate(current, id, 'options-template-without-scope')
    } else defineTemplate(templateOf(record), current)
  }
}
