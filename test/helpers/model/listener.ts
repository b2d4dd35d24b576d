/**
 * Follows a conversation as a collector has to: which rows each message gives, those of data that
 * waited for its template included, and what is counted.
 */

import type { Counts } from '../decoder-harness.ts'
import type { Part } from './conversation.ts'
import { expectFlows } from './expected-flows.ts'
import { valueIn } from './fields.ts'
import type { ExpectedFlow, RecordMessage } from './record-model.ts'

type DataPart = Extract<Part, { kind: 'data' }>

/** A message with its parts. */
export interface ModelMessage extends RecordMessage {
  readonly receivedAtMicros: number
  readonly parts: readonly Part[]
}

/** What a message has to give. */
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

/** One collector; it hears the messages of one stream. */
export class Listener {
  readonly #known = new Map<number, Part['generation']>()
  readonly #waiting = new Map<number, WaitingPart[]>()
  #flows: ExpectedFlow[] = []
  #receivedAt: number[] = []
  #counts = new Map<CountName, number>()

  hear(message: ModelMessage): ExpectedMessage {
    this.#flows = []
    this.#receivedAt = []
    this.#counts = new Map()
    for (const part of message.parts) {
      if (part.kind === 'define') this.#define(part, message)
      else this.#takeData(part, message)
    }
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
    for (const { part, message: earlier } of waiting) {
      this.#count('releasedSets', 1)
      if (earlier === message) this.#count('waitingSets', -1)
      this.#read(part, earlier, earlier === message ? 'dataRecords' : 'releasedRecords')
    }
  }

  #takeData(part: DataPart, message: ModelMessage): void {
    const { id } = part.generation
    if (this.#known.has(id)) {
      this.#read(part, message, 'dataRecords')
      return
    }
    this.#count('heldSets', 1)
    this.#count('waitingSets', 1)
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), { part, message }])
  }

  #read({ generation, records }: DataPart, message: ModelMessage, count: CountName): void {
    this.#count('decodedSets', 1)
    for (const record of records) {
      this.#count(count, 1)
      if (generation.scopes !== undefined) {
        this.#count('optionsRecords', 1)
        continue
      }
      const fields = generation.fields.map((field) => ({
        element: field.element,
        length: field.length,
        value: valueIn(field, record),
      }))
      for (const flow of expectFlows(fields, message)) {
        this.#flows.push(flow)
        this.#receivedAt.push(message.receivedAtMicros)
      }
    }
  }

  #count(name: CountName, by: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }
}

/** Tells whether two definitions say the same, whatever values their records have. */
function isSame(a: Part['generation'], b: Part['generation']): boolean {
  const define = ({ fields, scopes }: Part['generation']) =>
    JSON.stringify([
      scopes,
      fields.map(({ element, length }) => [element.enterprise, element.id, length]),
    ])
  return define(a) === define(b)
}
