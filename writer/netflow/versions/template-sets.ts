/** Checks and applies the template definitions of v9 and IPFIX. */

import type { ProblemCode } from '../decode-result.ts'
import type { MessageContext } from '../flow-record.ts'
import { MAX_FIELDS_PER_TEMPLATE, MAX_RECORD_BYTES } from '../limits.ts'
import { FIELDS_PER_TEMPLATE_COST } from '../memory/exporter-budget.ts'
import type { StreamMemory } from '../memory/stream-memory.ts'
import { sameDefinition, type Template } from '../memory/template.ts'
import type { TemplateChange } from '../memory/templates.ts'
import type { DataSets } from '../records/data-sets.ts'

/** The message whose sets are being decoded. */
export interface CurrentMessage {
  /** Has the sets that wait for a template. */
  readonly sets: DataSets
  readonly stream: StreamMemory
  readonly message: MessageContext
}

const FIRST_TEMPLATE_ID = 256

const CONTRADICTION_CODES: { readonly [change in TemplateChange]?: ProblemCode } = {
  contradicting: 'contradicting-templates',
  refused: 'no-room-for-template',
}

type TemplateProblem =
  | 'template-overruns-set'
  | 'reserved-template-id'
  | 'empty-template'
  | 'too-many-fields'
  | 'record-too-long'
  | 'zero-length-template'
  | 'options-template-without-scope'

function findProblem({ id, fields, recordLength }: Template): TemplateProblem | undefined {
  if (id < FIRST_TEMPLATE_ID) return 'reserved-template-id'
  if (fields.length === 0) return 'empty-template'
  if (fields.length > MAX_FIELDS_PER_TEMPLATE) return 'too-many-fields'
  if (recordLength > MAX_RECORD_BYTES) return 'record-too-long'
  return recordLength === 0 ? 'zero-length-template' : undefined
}

/** Reports an invalid definition and forgets the previous one. */
export function rejectTemplate(
  { sets: { result }, stream }: CurrentMessage,
  id: number,
  problem: TemplateProblem,
): void {
  stream.forget(id)
  result.malformedSets += 1
  result.report(problem, id, `template ${id}`)
}

/** Whether the exporter may define a template now; it may always repeat one. */
function isAffordable(template: Template, known: Template | undefined, stream: StreamMemory) {
  if (stream.budget === undefined || (known && sameDefinition(known, template))) return true
  return stream.spend('templates', 1 + template.fields.length / FIELDS_PER_TEMPLATE_COST)
}

/**
 * Applies a definition, and releases the sets that wait for it. An invalid one is rejected, and the
 * previous one is forgotten.
 */
export function defineTemplate(template: Template, current: CurrentMessage): void {
  const { sets, stream, message } = current
  const { result } = sets
  const problem = findProblem(template)
  if (problem !== undefined) {
    rejectTemplate(current, template.id, problem)
    return
  }
  result.templateRecords += 1
  const known = stream.template(template.id)
  const { isByPort } = stream.templates
  if (!isAffordable(template, known, stream)) {
    // The old definition would misread the data that follows.
    stream.forget(template.id)
    result.refuse(template.id, `template ${template.id}`)
    return
  }
  const change = stream.define(template)
  if (change === 'refreshed') {
    // Data may wait for it: their port has turned out to belong to the same exporter.
    if (known && isByPort) sets.releaseSets(known, stream, message)
    return
  }
  if (known) result.noteRedefinition(template.id, known.fields.length, template.fields.length)
  const code = CONTRADICTION_CODES[change]
  if (code) result.report(code, template.id, `template ${template.id}`)
  if (change !== 'refused') sets.releaseSets(template, stream, message)
}
