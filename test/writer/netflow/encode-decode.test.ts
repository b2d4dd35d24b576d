/**
 * Every conversation of a v9 or IPFIX exporter comes back: random conversations are encoded,
 * decoded, and compared with rows computed from their values, slowly and without the decoder's
 * tables.
 *
 *     PROPERTY_RUNS=100000 npm test writer/netflow/encode-decode
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { DecoderHarness } from '../../helpers/decoder-harness.ts'
import { jsonMembers } from '../../helpers/model/json-members.ts'
import { Listener } from '../../helpers/model/listener.ts'
import {
  type Conversation,
  encodeMessages,
  fitDatagrams,
  randomConversations,
} from '../../helpers/model/messages.ts'
import { propertyRuns } from '../../helpers/model/property-runs.ts'

function checkConversation(conversation: Conversation): void {
  const harness = new DecoderHarness()
  const listener = new Listener()
  const messages = encodeMessages(conversation, 7)
  fc.pre(fitDatagrams(messages))
  for (const { datagram, model } of messages) {
    if (model === undefined) {
      harness.receive(datagram)
      continue
    }
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
  it(`a conversation in ${name} comes back field by field, in any order of sets and messages`, () => {
    fc.assert(fc.property(randomConversations(version), checkConversation), {
      ...propertyRuns(300),
      includeErrorInReport: true,
    })
  })
}
