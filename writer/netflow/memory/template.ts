/** A template as an exporter defined it, resolved once for decoding. */

import type { ElementRegistry } from '../elements/element-registry.ts'
import { type FieldSpecifier, VARIABLE_LENGTH } from '../elements/field-specifier.ts'
import { FIELD } from '../flow-record.ts'
import type { Plan } from '../plan/plan.ts'
import { type Plans, planTemplate } from '../plan/plans.ts'

/** Two IPv4 addresses, two ports, a protocol and a counter of four bytes have 17. */
const MIN_FLOW_BYTES = 17
const FLOW_FIELDS = [FIELD.srcAddr, FIELD.dstAddr, FIELD.bytes, FIELD.packets] as const

/** A template or an options template. */
export interface Template {
  readonly id: number
  readonly fields: readonly FieldSpecifier[]
  /** The fields of nonzero length: only they cost time per record. */
  readonly presentFields: readonly FieldSpecifier[]
  /** How many of `fields` are scope fields; 0 for a template of flow records. */
  readonly scopeFields: number
  readonly isOptions: boolean
  /** Bytes of a record; the smallest number if a field has variable length. */
  readonly recordLength: number
  readonly hasVariableLength: boolean
  /** Bytes of the fixed fields before each field of variable length, and after the last one. */
  readonly fixedRuns: readonly number[]
  /** Returns the plans of its flow records, resolved with the elements of the first call. */
  plans(elements: ElementRegistry): Plans
  /**
   * Whether its records hold little: fewer bytes than two addresses, ports and a counter take, or
   * neither address nor counter. A row costs as much as that of any flow.
   */
  isPoor(elements: ElementRegistry): boolean
}

/** Creates a template of flow or options records; it keeps `fields`. */
export function createTemplate(
  id: number,
  fields: readonly FieldSpecifier[],
  options?: { readonly scopeFields: number },
): Template {
  return new DefinedTemplate(id, fields, options?.scopeFields)
}

/** Resolves plans when they are first needed: many templates never see a record. */
class DefinedTemplate implements Template {
  readonly id: number
  readonly fields: readonly FieldSpecifier[]
  readonly presentFields: readonly FieldSpecifier[]
  readonly scopeFields: number
  readonly isOptions: boolean
  readonly recordLength: number
  readonly hasVariableLength: boolean
  #fixedRuns: readonly number[] | undefined
  #isPoor: boolean | undefined
  #plans: Plans | undefined

  /** @param scopeFields undefined for a template of flow records */
  constructor(id: number, fields: readonly FieldSpecifier[], scopeFields: number | undefined) {
    let recordLength = 0
    let absent = 0
    let hasVariableLength = false
    for (const { length } of fields) {
      if (length === VARIABLE_LENGTH) hasVariableLength = true
      if (length === 0) absent += 1
      recordLength += length === VARIABLE_LENGTH ? 1 : length
    }
    this.id = id
    this.fields = fields
    this.presentFields = absent === 0 ? fields : fields.filter(({ length }) => length > 0)
    this.scopeFields = scopeFields ?? 0
    this.isOptions = scopeFields !== undefined
    this.recordLength = recordLength
    this.hasVariableLength = hasVariableLength
  }

  get fixedRuns(): readonly number[] {
    this.#fixedRuns ??= fixedRunsOf(this.fields)
    return this.#fixedRuns
  }

  plans(elements: ElementRegistry): Plans {
    this.#plans ??= planTemplate(this.presentFields, elements)
    return this.#plans
  }

  isPoor(elements: ElementRegistry): boolean {
    this.#isPoor ??= this.recordLength < MIN_FLOW_BYTES || !fillsFlow(this.plans(elements).forward)
    return this.#isPoor
  }
}

function fixedRunsOf(fields: readonly FieldSpecifier[]): readonly number[] {
  const runs: number[] = []
  let bytes = 0
  for (const { length } of fields) {
    if (length !== VARIABLE_LENGTH) bytes += length
    else {
      runs.push(bytes)
      bytes = 0
    }
  }
  return [...runs, bytes]
}

/** Whether a plan fills an address or a counter. */
function fillsFlow({ fieldKeys }: Plan): boolean {
  return FLOW_FIELDS.some((field) => fieldKeys[field] !== '')
}

/** Whether two templates define the same record. */
export function sameDefinition(a: Template, b: Template): boolean {
  return (
    a.isOptions === b.isOptions &&
    a.scopeFields === b.scopeFields &&
    a.fields.length === b.fields.length &&
    a.fields.every((field, index) => {
      const other = b.fields[index]
      return (
        other !== undefined &&
        field.id === other.id &&
        field.length === other.length &&
        field.enterprise === other.enterprise
      )
    })
  )
}

/**
 * Returns a hash of everything that `sameDefinition` compares: 16 hex digits, which can be forged.
 */
export function hashDefinition({ fields, isOptions, scopeFields }: Template): string {
  let a = 0x811c9dc5
  let b = isOptions ? 0x9e3779b1 : 0x85ebca6b
  const mix = (word: number) => {
    a = Math.imul(a ^ word, 0x01000193)
    a ^= a >>> 15
    b = Math.imul(b ^ word, 0xc2b2ae35)
    b ^= b >>> 13
  }
  mix(scopeFields)
  for (const { enterprise, id, length } of fields) {
    mix(enterprise)
    mix(id)
    mix(length)
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}
