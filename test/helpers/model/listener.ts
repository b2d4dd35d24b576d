/**
 * Follows a conversation as a collector has to: the rows and the counts of each message, including the
 * rows of data that waited for its template.
 */

import type { Counts } from '../decoder-harness.ts'
import { VARIABLE } from '../netflow-bytes.ts'
import type { Part } from './conversation.ts'
import { expectFlows } from './expected-flows.ts'
import { hasUptimes } from './expected-times.ts'
import { valueIn } from './fields.ts'
import {
  type ExpectedFlow,
  type RecordField,
  type RecordMessage,
  RecordModel,
} from './record-model.ts'

type DataPart = Extract<Part, { kind: 'data' }>

/** A message with its parts. */
export interface ModelMessage extends RecordMessage {
  readonly receivedAtMicros: number
  readonly parts: readonly Part[]
}

/** The rows and counts of a message. */
export interface ExpectedMessage {
  readonly flows: readonly ExpectedFlow[]
  /** Receive time of the message that each row came in. */
  readonly receivedAt: readonly number[]
  readonly counts: Counts
}

interface WaitingPart {
  readonly part: DataPart
  readonly message: ModelMessage
}

type CountName = keyof Counts

const HOUR_MS = 3_600_000n

/** One collector; it hears the messages of one stream. */
export class Listener {
  readonly #known = new Map<number, Part['generation']>()
  readonly #waiting = new Map<number, WaitingPart[]>()
  /** Flows whose template has come with the message; they are read at its end, then those after them. */
  #released: WaitingPart[] = []
  #postponed: DataPart[] = []
  #flows: ExpectedFlow[] = []
  #receivedAt: number[] = []
  #counts = new Map<CountName, number>()
  /** When an exporter booted that does not say so, Unix milliseconds. */
  #bootMs: bigint | undefined

  hear(message: ModelMessage): ExpectedMessage {
    this.#flows = []
    this.#receivedAt = []
    this.#counts = new Map()
    for (const part of message.parts) {
      if (part.kind === 'define') this.#define(part, message)
      else this.#takeData(part, message)
    }
    for (const released of this.#released) this.#release(released, message)
    for (const part of this.#postponed) this.#read(part, message, 'dataRecords')
    this.#released = []
    this.#postponed = []
    this.#count('flowRecords', this.#flows.length)
    const counts = Object.fromEntries([...this.#counts].filter(([, count]) => count !== 0))
    return { flows: this.#flows, receivedAt: this.#receivedAt, counts }
  }

  #define({ generation }: Part, message: ModelMessage): void {
    const { id } = generation
    this.#count('templateRecords', 1)
    const known = this.#known.get(id)
    this.#known.set(id, generation)
    if (known && isSame(known, generation)) return
    this.#count('changedTemplates', 1)
    const waiting = this.#waiting.get(id) ?? []
    this.#waiting.delete(id)
    for (const released of waiting) {
      if (generation.scopes === undefined) this.#released.push(released)
      else this.#release(released, message)
    }
  }

  #release({ part, message: earlier }: WaitingPart, message: ModelMessage): void {
    this.#count('releasedSets', 1)
    if (earlier === message) this.#count('waitingSets', -1)
    this.#read(part, earlier, earlier === message ? 'dataRecords' : 'releasedRecords')
  }

  #takeData(part: DataPart, message: ModelMessage): void {
    const { id } = part.generation
    if (this.#known.has(id)) {
      const isLater = this.#released.length > 0 && part.generation.scopes === undefined
      if (isLater) this.#postponed.push(part)
      else this.#read(part, message, 'dataRecords')
      return
    }
    this.#count('heldSets', 1)
    this.#count('waitingSets', 1)
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), { part, message }])
  }

  #read({ generation, records }: DataPart, message: ModelMessage, count: CountName): void {
    this.#count('decodedSets', 1)
    const estimatedUptimeMs = this.#estimateUptime(generation, records, message)
    for (const record of records) {
      this.#count(count, 1)
      if (generation.scopes !== undefined) {
        this.#count('optionsRecords', 1)
        continue
      }
      const fields = fieldsOf(generation, record)
      for (const flow of expectFlows(fields, { ...message, estimatedUptimeMs })) {
        this.#flows.push(flow)
        this.#receivedAt.push(message.receivedAtMicros)
      }
    }
  }

  /** No flow ends after its export, so the youngest flow bounds the time of the boot best. */
  #estimateUptime(
    generation: Part['generation'],
    records: readonly number[],
    { exportMicros, uptimeMs }: ModelMessage,
  ): bigint | undefined {
    if (uptimeMs !== undefined || generation.scopes !== undefined) return undefined
    const all = records.map((record) => fieldsOf(generation, record))
    const [first] = all.map((fields) => new RecordModel(fields))
    if (!first || first.has(160) || !hasUptimes(first)) return undefined
    const exportMs = exportMicros / 1000n
    const ends = all.flat().filter(({ element, length }) => {
      return element.enterprise === 0 && element.id === 21 && length !== VARIABLE
    })
    let youngest: bigint | undefined
    for (const { value } of ends) {
      const end = value.uint ?? 0n
      if (youngest === undefined || BigInt.asIntN(32, end - youngest) > 0n) youngest = end
    }
    if (youngest !== undefined) {
      const candidate = exportMs - youngest
      const later = BigInt.asIntN(32, candidate - (this.#bootMs ?? candidate))
      if (this.#bootMs === undefined || later < 0n || later > HOUR_MS) this.#bootMs = candidate
    }
    return this.#bootMs === undefined ? undefined : exportMs - this.#bootMs
  }

  #count(name: CountName, by: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }
}

function fieldsOf({ fields }: Part['generation'], record: number): readonly RecordField[] {
  return fields.map((field) => ({
    element: field.element,
    length: field.length,
    value: valueIn(field, record),
  }))
}

/** Whether two definitions are equal, whatever values their records have. */
function isSame(a: Part['generation'], b: Part['generation']): boolean {
  const define = ({ fields, scopes }: Part['generation']) =>
    JSON.stringify([
      scopes,
      fields.map(({ element, length }) => [element.enterprise, element.id, length]),
    ])
  return define(a) === define(b)
}
