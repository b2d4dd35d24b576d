/** Fields of a template with the values that its records have there, and how they are written. */

import { words } from '../netflow-bytes.ts'
import type { Element } from './elements.ts'
import { type ModelValue, VARIABLE } from './values.ts'

/** A field of a template; record number n has the value number n modulo their number. */
export interface ModelField {
  readonly element: Element
  /** Bytes, or `VARIABLE`. */
  readonly length: number
  /** How the length of values of variable length is written. */
  readonly form: 'short' | 'long'
  readonly values: readonly ModelValue[]
}

/**
 *     field = elementId16 length16 | enterpriseBit1 elementId15 length16 enterprise32
 */
export function encodeSpecifier({ element, length }: Omit<ModelField, 'values' | 'form'>): Buffer {
  const { enterprise, id } = element
  if (enterprise === 0) return words(id, length)
  return words(id | 0x8000, length, enterprise >>> 16, enterprise & 0xffff)
}

/** Gives the value of a field in one record. */
export function valueIn({ values }: ModelField, record: number): ModelValue {
  return values[record % values.length] as ModelValue
}

/** Writes the value of one record, behind its length where the template does not say it. */
export function encodeValue(field: ModelField, record: number): Buffer {
  const { bytes } = valueIn(field, record)
  if (field.length !== VARIABLE) return bytes
  const isShort = field.form === 'short' && bytes.length < 255
  const head = isShort ? [bytes.length] : [255, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from(head), bytes])
}

/** Writes one record. */
export function encodeRecord(fields: readonly ModelField[], record: number): Buffer {
  return Buffer.concat(fields.map((field) => encodeValue(field, record)))
}

/** The least bytes that a record may have: what is shorter is padding. */
export function leastRecordLength(fields: readonly ModelField[]): number {
  return fields.reduce((sum, { length }) => sum + (length === VARIABLE ? 1 : length), 0)
}
