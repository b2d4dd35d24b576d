/** Fields of a template, the values that its records have there, and their bytes. */

import { fieldSpecifier, type IpfixField, VARIABLE, variable } from '../netflow-bytes.ts'
import type { Element } from './elements.ts'
import type { ModelValue } from './values.ts'

/** A field of a template; record number n has the value number n modulo their number. */
export interface ModelField {
  readonly element: Element
  /** Bytes, or `VARIABLE`. */
  readonly length: number
  /** How the length of values of variable length is written. */
  readonly form: 'short' | 'long'
  readonly values: readonly ModelValue[]
}

/** Returns a field as a template names it. */
export function specifierOf({ element, length }: Omit<ModelField, 'values' | 'form'>): IpfixField {
  const { enterprise, id } = element
  return enterprise === 0 ? [id, length] : [id, length, enterprise]
}

/** Writes a field as a template names it. */
export function encodeSpecifier(field: Omit<ModelField, 'values' | 'form'>): Buffer {
  return fieldSpecifier(specifierOf(field))
}

/** Returns the value of a field in one record. */
export function valueIn({ values }: ModelField, record: number): ModelValue {
  return values[record % values.length] as ModelValue
}

/** Writes the value of one record, after its length where the template does not state it. */
export function encodeValue(field: ModelField, record: number): Buffer {
  const { bytes } = valueIn(field, record)
  if (field.length !== VARIABLE) return bytes
  return variable(bytes, bytes.length < 255 ? field.form : 'long')
}

/** Writes one record. */
export function encodeRecord(fields: readonly ModelField[], record: number): Buffer {
  return Buffer.concat(fields.map((field) => encodeValue(field, record)))
}

/** Returns the least length of a record in bytes; a shorter rest of a set is padding. */
export function leastRecordLength(fields: readonly ModelField[]): number {
  return fields.reduce((sum, { length }) => sum + (length === VARIABLE ? 1 : length), 0)
}
