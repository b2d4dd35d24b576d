/**
 * Requirements of RFC 3954 and RFC 7011 that no other test shows, or that are not met on purpose.
 * The conformance tables name these tests by their titles.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../helpers/decoder-harness.ts'
import {
  ipfixMessage,
  ipfixMessageOf,
  ipfixTemplate,
  set,
  template,
  v9Message,
  v9MessageOf,
} from '../../helpers/netflow-bytes.ts'

const WEEK_MICROS = 7 * 86_400 * 1_000_000
/** Template 256 of IPFIX: bytes. */
const BYTES = set(2, ipfixTemplate(256, [[1, 4]]))
const ONE = set(256, '00000001')

describe('a v9 collector', () => {
  it('keeps data under the template of its set id only', () => {
    const { flows } = decodeAlone(
      v9Message(
        set(0, template(256, [[1, 4]]), template(257, [[2, 4]])),
        set(257, '00000002'),
        set(256, '00000001'),
      ),
    )
    assert.deepEqual(flows, [{ packets: 2 }, { bytes: 1 }])
  })

  it('decodes by a template of an earlier message of the same source id', () => {
    const harness = new DecoderHarness()
    assert.deepEqual(harness.receive(v9Message(set(0, template(256, [[1, 4]])))).flows, [])
    assert.deepEqual(harness.receive(v9MessageOf({ sequence: 1 }, ONE)).flows, [{ bytes: 1 }])
  })

  it('reads several template sets of one message', () => {
    const { flows } = decodeAlone(
      v9Message(set(0, template(256, [[1, 4]])), set(0, template(257, [[2, 4]])), ONE),
    )
    assert.deepEqual(flows, [{ bytes: 1 }])
  })

  it('skips an unknown field type by its length', () => {
    const fields = [
      [60_001, 3],
      [1, 4],
    ] as const
    const { flows } = decodeAlone(
      v9Message(set(0, template(256, fields)), set(256, 'a1b2c3 00000001')),
    )
    assert.deepEqual(flows, [{ bytes: 1, extra: '{"0.60001":"a1b2c3"}' }])
  })

  it('keeps its templates when the clock of the exporter jumps', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, [[1, 4]]))))
    const { flows } = harness.receive(v9MessageOf({ unixSeconds: 86_400, uptimeMs: 5 }, ONE))
    assert.deepEqual(flows, [{ bytes: 1 }])
  })

  it('keeps a template that is not sent again', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, [[1, 4]]))), { receivedAtMicros: 0 })
    const muchLater = { receivedAtMicros: WEEK_MICROS }
    assert.deepEqual(harness.receive(v9Message(ONE), muchLater).flows, [{ bytes: 1 }])
  })
})

describe('an IPFIX collector', () => {
  it('rejects messages of a later version', () => {
    const message = ipfixMessage(BYTES, ONE)
    message.writeUInt16BE(11, 0)
    assert.equal(decodeAlone(message).reject, 'unsupported-version')
  })

  it('reads several template sets of one message, in any order with its data', () => {
    const packets = set(2, ipfixTemplate(257, [[2, 4]]))
    const { flows } = decodeAlone(ipfixMessage(ONE, BYTES, packets, set(257, '00000002'), ONE))
    assert.deepEqual(flows, [{ bytes: 1 }, { packets: 2 }, { bytes: 1 }])
  })

  it('decodes data of later messages, and of earlier ones that waited for their template', () => {
    const harness = new DecoderHarness()
    assert.deepEqual(harness.receive(ipfixMessage(ONE)).counts, { heldSets: 1, waitingSets: 1 })
    assert.deepEqual(harness.receive(ipfixMessage(BYTES)).flows, [{ bytes: 1 }])
    assert.deepEqual(harness.receive(ipfixMessage(ONE)).flows, [{ bytes: 1 }])
  })

  it('keeps a template that is not sent again', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(BYTES), { receivedAtMicros: 0 })
    const { flows } = harness.receive(ipfixMessage(ONE), { receivedAtMicros: WEEK_MICROS })
    assert.deepEqual(flows, [{ bytes: 1 }])
  })

  it('accepts messages of one domain that overtake each other', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessageOf({ sequence: 0 }, BYTES))
    assert.deepEqual(harness.receive(ipfixMessageOf({ sequence: 2 }, ONE)).flows, [{ bytes: 1 }])
    assert.deepEqual(harness.receive(ipfixMessageOf({ sequence: 1 }, ONE)).flows, [{ bytes: 1 }])
  })

  it('keeps biflowDirection in both flows', () => {
    const fields = [
      [239, 1],
      [1, 1],
      [1, 1, 29_305],
    ] as const
    const { flows } = decodeAlone(
      ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, '02 05 06')),
    )
    const extra = '{"biflowDirection":2}'
    assert.deepEqual(flows, [
      { bytes: 5, extra },
      { bytes: 6, extra },
    ])
  })
})
