/**
 * Whatever a v9 or IPFIX exporter may say comes back: random conversations are encoded, decoded, and
 * compared with rows that are computed from their values, slowly and without the decoder's tables.
 *
 *     PROPERTY_RUNS=100000 npm test writer/netflow/encode-decode
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecoderHarness, RECEIVED_AT_MICROS } from '../../helpers/decoder-harness.ts'
import { ipfixMessageOf } from '../../helpers/ipfix-bytes.ts'
import {
  type ConversationVersion,
  encodeListTemplates,
  encodePart,
  mixTopics,
  type Part,
  randomTopics,
} from '../../helpers/model/conversation.ts'
import { jsonMembers } from '../../helpers/model/json-members.ts'
import { Listener, type ModelMessage } from '../../helpers/model/listener.ts'
import { propertyRuns } from '../../helpers/model/property-runs.ts'
import { IPFIX_FIELDS, V9_FIELDS } from '../../helpers/model/random-fields.ts'
import { randomOptions } from '../../helpers/model/random-options.ts'
import { EXPORT_SECONDS, v9MessageOf, type Wire } from '../../helpers/netflow-bytes.ts'

const MAX_MESSAGE_BYTES = 65_507
const DAY_MS = 86_400_000

const headers = fc.record({
  exportSeconds: fc.integer({ min: EXPORT_SECONDS - 3600, max: EXPORT_SECONDS + 3600 }),
  uptimeMs: fc.integer({ min: 29 * DAY_MS, max: 31 * DAY_MS }),
})

/** How the parts are mixed and cut into messages, and what their headers say. */
const orders = fc.record({
  picks: fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
  sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
  headers: fc.array(headers, { minLength: 1, maxLength: 3 }),
})

type Order = typeof orders extends fc.Arbitrary<infer Value> ? Value : never

interface EncodedMessage {
  readonly datagram: Buffer
  readonly model: ModelMessage
}

function encodeMessages(
  parts: readonly Part[],
  { sizes, headers }: Order,
  version: ConversationVersion,
): EncodedMessage[] {
  const messages: EncodedMessage[] = []
  let at = 0
  while (at < parts.length) {
    const number = messages.length
    const chosen = parts.slice(at, at + (sizes[number % sizes.length] ?? 1))
    const header = headers[number % headers.length] ?? { exportSeconds: 0, uptimeMs: 0 }
    const sets = chosen.map((part) => encodePart(part, version))
    const model = {
      exportMicros: BigInt(header.exportSeconds) * 1_000_000n,
      uptimeMs: version === 9 ? BigInt(header.uptimeMs) : undefined,
      receivedAtMicros: RECEIVED_AT_MICROS + number,
      parts: chosen,
    }
    messages.push({ datagram: encodeMessage(header, sets, version), model })
    at += chosen.length
  }
  return messages
}

function encodeMessage(
  { exportSeconds, uptimeMs }: Order['headers'][number],
  sets: readonly Wire[],
  version: ConversationVersion,
): Buffer {
  return version === 9
    ? v9MessageOf({ unixSeconds: exportSeconds, uptimeMs }, ...sets)
    : ipfixMessageOf({ exportSeconds }, ...sets)
}

function checkConversation(
  parts: readonly Part[],
  order: Order,
  version: ConversationVersion,
): void {
  const harness = new DecoderHarness()
  const listener = new Listener()
  const messages = encodeMessages(parts, order, version)
  const listTemplates = encodeListTemplates(parts)
  fc.pre(messages.every(({ datagram }) => datagram.length <= MAX_MESSAGE_BYTES))
  fc.pre(listTemplates.length <= MAX_MESSAGE_BYTES - 16)
  if (listTemplates.length > 0) harness.receive(ipfixMessageOf({}, listTemplates))
  for (const { datagram, model } of messages) {
    const { receivedAtMicros } = model
    const decoded = harness.receive(datagram, { receivedAtMicros })
    const { implausibleTimes: _, ...counts } = decoded.counts
    const flows = decoded.flows.map(({ extra, ...columns }) => {
      return { columns, extra: extra === undefined ? {} : jsonMembers(String(extra)) }
    })
    const expected = listener.hear(model)
    assert.deepEqual(flows, expected.flows)
    assert.deepEqual(decoded.receivedAt, expected.receivedAt)
    assert.deepEqual(counts, expected.counts)
  }
}

for (const version of [9, 10] as const) {
  const name = version === 9 ? 'v9' : 'IPFIX'
  const topics = randomTopics(version === 9 ? V9_FIELDS : IPFIX_FIELDS, randomOptions(version))
  test(`what is said in ${name} comes back, field by field, in any order of sets and messages`, () => {
    fc.assert(
      fc.property(topics, orders, (spoken, order) => {
        checkConversation(mixTopics(spoken, order.picks), order, version)
      }),
      { ...propertyRuns(400), includeErrorInReport: true },
    )
  })
}
