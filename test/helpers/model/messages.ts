/** Cuts a random conversation into messages, with headers that say what a collector may rely on. */

import fc from 'fast-check'
import { RECEIVED_AT_MICROS } from '../decoder-harness.ts'
import { EXPORT_SECONDS, ipfixMessageOf, v9MessageOf, type Wire } from '../netflow-bytes.ts'
import {
  type ConversationVersion,
  encodeListTemplates,
  encodeSets,
  mixTopics,
  type Part,
  randomTopics,
} from './conversation.ts'
import type { ModelMessage } from './listener.ts'
import { IPFIX_FIELDS, V9_FIELDS } from './random-fields.ts'
import { randomOptions } from './random-options.ts'

const MAX_MESSAGE_BYTES = 65_507
const DAY_MS = 86_400_000

const headers = fc.record({
  exportSeconds: fc.integer({ min: EXPORT_SECONDS - 3600, max: EXPORT_SECONDS + 3600 }),
  uptimeMs: fc.integer({ min: 29 * DAY_MS, max: 31 * DAY_MS }),
})

/** How the parts are mixed and cut into messages, and what their headers say in turn. */
const orders = fc.record({
  picks: fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
  sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
  headers: fc.array(headers, { minLength: 1, maxLength: 3 }),
})

type Order = typeof orders extends fc.Arbitrary<infer Value> ? Value : never

/** The parts of a conversation, and their order. */
export interface Conversation {
  readonly version: ConversationVersion
  readonly parts: readonly Part[]
  readonly order: Order
}

/** The bytes of a message, and its meaning. */
export interface EncodedMessage {
  readonly datagram: Buffer
  /** Undefined for templates of lists, which no record belongs to. */
  readonly model: ModelMessage | undefined
}

/** Makes conversations of a version. */
export function randomConversations(version: ConversationVersion): fc.Arbitrary<Conversation> {
  const topics = randomTopics(version === 9 ? V9_FIELDS : IPFIX_FIELDS, randomOptions(version))
  return fc
    .tuple(topics, orders)
    .map(([spoken, order]) => ({ version, parts: mixTopics(spoken, order.picks), order }))
}

/** Whether each message is short enough for a datagram. */
export function fitDatagrams(messages: readonly EncodedMessage[]): boolean {
  return messages.every(({ datagram }) => datagram.length <= MAX_MESSAGE_BYTES)
}

/** Writes all messages of a conversation of one observation domain, numbered as they should be. */
export function encodeMessages(
  { version, parts, order }: Conversation,
  domain: number,
): EncodedMessage[] {
  const { sizes, headers } = order
  const messages: EncodedMessage[] = []
  let sequence = 0
  const add = (sets: readonly Wire[], header: Order['headers'][number], model?: ModelMessage) => {
    const { exportSeconds, uptimeMs } = header
    const datagram =
      version === 9
        ? v9MessageOf({ unixSeconds: exportSeconds, uptimeMs, sequence, sourceId: domain }, ...sets)
        : ipfixMessageOf({ exportSeconds, sequence, domain }, ...sets)
    messages.push({ datagram, model })
    sequence += version === 9 ? 1 : countRecords(model?.parts ?? [])
  }
  const listTemplates = encodeListTemplates(parts)
  const [firstHeader] = headers
  if (listTemplates.length > 0 && firstHeader) add([listTemplates], firstHeader)
  for (let at = 0, number = 0; at < parts.length; number++) {
    const chosen = parts.slice(at, at + (sizes[number % sizes.length] ?? 1))
    const header = headers[number % headers.length] ?? { exportSeconds: 0, uptimeMs: 0 }
    add(encodeSets(chosen, version), header, {
      exportMicros: BigInt(header.exportSeconds) * 1_000_000n,
      uptimeMs: version === 9 ? BigInt(header.uptimeMs) : undefined,
      receivedAtMicros: RECEIVED_AT_MICROS + number,
      parts: chosen,
    })
    at += chosen.length
  }
  return messages
}

function countRecords(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (part.kind === 'data' ? part.records.length : 0), 0)
}
