/** Checks and applies the template definitions of v9 and IPFIX. */

import type { DecodeResult, ProblemCode } from '../decode-result.ts'
import { MAX_FIELDS_PER_TEMPLATE, MAX_RECORD_BYTES } from '../limits.ts'
import { FIELDS_PER_TEMPLATE_COST } from '../memory/exporter-budget.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import { sameDefinition, type Template } from '../memory/template.ts'
import type { TemplateChange } from '../memory/templates.ts'

/** Called for each template that comes into force, to decode the sets that wait for it. */
export type TemplateSink = (template: Template) => void

/** Content of a set: bytes `offset` (included) to `end` (excluded). */
export interface SetContent {
  readonly view: DataView
  readonly offset: number
  readonly end: number
}

const FIRST_TEMPLATE_ID = 256

const CONTRADICTION_CODES: { readonly [change in TemplateChange]?: ProblemCode } = {
  contradicting: 'contradicting-templates',
  refused: 'no-room-for-template',
}

function checkTemplate(template: Template, stream: StreamMemory, result: DecodeResult): boolean {
  const { id, fields, recordLength } = template
  if (id < FIRST_TEMPLATE_ID) rejectTemplate(stream, result, id, 'reserved-template-id')
  else if (fields.length === 0) rejectTemplate(stream, result, id, 'empty-template')
  else if (fields.length > MAX_FIELDS_PER_TEMPLATE) {
    rejectTemplate(stream, result, id, 'too-many-fields')
  } else if (recordLength > MAX_RECORD_BYTES) {
    rejectTemplate(stream, result, id, 'record-too-long')
  } else if (recordLength === 0) rejectTemplate(stream, result, id, 'zero-length-template')
  else return true
  return false
}

/** Reports an invalid definition and forgets the previous one. */
export function rejectTemplate(
  stream: StreamMemory,
  result: DecodeResult,
  id: number,
  code:
    | 'template-overruns-set'
    | 'reserved-template-id'
    | 'empty-template'
    | 'too-many-fields'
    | 'record-too-long'
    | 'zero-length-template'
    | 'options-template-without-scope',
): void {
  stream.forget(id)
  result.malformedSets += 1
  result.report(code, id, `template ${id}`)
}

/** Whether the exporter may define a template now; it may always repeat one. */
function isAffordable(template: Template, known: Template | undefined, stream: StreamMemory) {
  if (stream.budget === undefined || (known && sameDefinition(known, template))) return true
  return stream.spend('templates', 1 + template.fields.length / FIELDS_PER_TEMPLATE_COST)
}

/** Applies a definition. An invalid one is rejected, and the previous one is forgotten. */
export function defineTemplate(
  template: Template,
  stream: StreamMemory,
  result: DecodeResult,
  onTemplate: TemplateSink,
): void {
  if (!checkTemplate(template, stream, result)) return
  result.templateRecords += 1
  const known = stream.template(template.id)
  const { isByPort } = stream.templates
  if (!isAffordable(template, known, stream)) {
    // The old definition would misread what follows.
    stream.forget(template.id)
    result.refuse(template.id, `template ${template.id}`)
    return
  }
  const change = stream.define(template)
  if (change === 'refreshed') {
    // Data of a port that has turned out to be one of the same exporter may wait for it.
    if (known && isByPort) onTemplate(known)
    return
  }
  if (known) result.noteRedefinition(template.id, known.fields.length, template.fields.length)
  const code = CONTRADICTION_CODES[change]
  if (code) result.report(code, template.id, `template ${template.id}`)
  if (change !== 'refused') onTemplate(template)
}
