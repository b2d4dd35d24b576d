/**
 * A record on its way to a row: which of its fields fill a column, and which are left for `extra`.
 * Padding is dropped.
 */

import type { FieldName } from '../../../writer/netflow/flow-record.ts'
import type { DecodedFlow } from '../decoder-harness.ts'
import { VARIABLE } from '../netflow-bytes.ts'
import type { Element } from './elements.ts'
import type { ModelValue } from './values.ts'

/** One field of one record. */
export interface RecordField {
  readonly element: Element
  readonly length: number
  readonly value: ModelValue
  /** The name of the element that was sent, if it is read as another one. */
  readonly sentName?: string
}

/** The message that a record came in. */
export interface RecordMessage {
  readonly exportMicros: bigint
  /** Milliseconds; undefined in IPFIX. */
  readonly uptimeMs: bigint | undefined
  /** The estimate for IPFIX, from the flows of the stream. */
  readonly estimatedUptimeMs?: bigint | undefined
}

/** A row: columns, and the members of `extra` as JSON texts by name. */
export interface ExpectedFlow {
  readonly columns: DecodedFlow
  readonly extra: Readonly<Record<string, string>>
}

export type ColumnName = Exclude<FieldName, 'extra'>

const PADDING_OCTETS = 210

/** Columns that are filled, and fields that are spoken for. */
export class RecordModel {
  readonly fields: readonly RecordField[]
  readonly columns: { [name in ColumnName]?: number | bigint | string } = {}
  readonly used = new Set<RecordField>()
  /** Members of `extra` that are no fields. */
  readonly notes: Record<string, string> = {}

  constructor(fields: readonly RecordField[]) {
    this.fields = fields.filter(
      ({ element, length }) => length > 0 && !isIana(element, PADDING_OCTETS),
    )
  }

  /** Returns the first field of the first of some IANA elements that has a width of its own. */
  find(...ids: readonly number[]): RecordField | undefined {
    for (const id of ids) {
      const found = this.fields.find(
        ({ element, length }) => isIana(element, id) && length !== VARIABLE,
      )
      if (found) return found
    }
    return undefined
  }

  /** Whether the template has an element, of any width. */
  has(...ids: readonly number[]): boolean {
    return this.fields.some(({ element }) => ids.some((id) => isIana(element, id)))
  }

  /** Fills a column by a number that is less than 2 to the power of `bits`. */
  fill(column: ColumnName, field: RecordField | undefined, bits: number): void {
    const uint = field?.value.uint
    if (field === undefined || uint === undefined || uint >= 1n << BigInt(bits)) return
    this.columns[column] = plainNumber(uint)
    this.used.add(field)
  }

  finish(): ExpectedFlow {
    const extra: Record<string, string> = { ...this.notes }
    const names = this.fields.map(({ element }) => element.name)
    for (const name of new Set(names)) {
      const own = this.fields.filter(({ element }) => element.name === name)
      const [first] = own
      if (own.length > 1) extra[name] = `[${own.map(({ value }) => value.json).join()}]`
      else if (first && !this.used.has(first)) extra[name] = first.value.json
    }
    return { columns: this.columns, extra }
  }
}

function isIana({ enterprise, id }: Element, wanted: number): boolean {
  return enterprise === 0 && id === wanted
}

export function plainNumber(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}
