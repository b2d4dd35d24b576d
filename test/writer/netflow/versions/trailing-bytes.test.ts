/** Bytes of a datagram after the end of its message: not decoded, never silent. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Decoded, DecoderHarness } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  ipfixMessageOf,
  ipfixTemplate,
  set,
  template,
  v5MessageOf,
  v9MessageOf,
  type Wire,
  wire,
} from '../../../helpers/netflow-bytes.ts'

const FIELDS = [[1, 4]] as const

/** A message of each version with one flow. */
const MESSAGES = {
  v5: (sequence: number) => v5MessageOf({ sequence }, Buffer.alloc(48, 1)),
  v9: (sequence: number) =>
    v9MessageOf({ sequence }, set(0, template(256, FIELDS)), set(256, '00000007')),
  IPFIX: (sequence: number) =>
    ipfixMessageOf({ sequence }, set(2, ipfixTemplate(256, FIELDS)), set(256, '00000007')),
} as const

/** Decodes a message with bytes after its end, or a datagram without any. */
function decode(...parts: readonly Wire[]): Decoded & { readonly trailingBytes: number } {
  const harness = new DecoderHarness()
  const decoded = harness.receive(wire(...parts))
  return { ...decoded, trailingBytes: harness.decoder.result.trailingBytes }
}

describe('bytes after the end of a message', () => {
  for (const [version, message] of Object.entries(MESSAGES)) {
    it(`are told apart: a second message, or something else (${version})`, () => {
      const first = message(41)
      const second = message(42)
      const twice = decode(first, second)
      assert.deepEqual([twice.flows.length, twice.counts.dataRecords], [1, 1])
      assert.deepEqual(twice.problems, ['second-message'])
      assert.equal(twice.trailingBytes, second.length)
      const other = decode(first, 'ffffff')
      assert.deepEqual([other.flows.length, other.problems], [1, ['trailing-bytes']])
      assert.equal(other.trailingBytes, 3)
    })

    it(`are padding if they are zero (${version})`, () => {
      for (const padding of ['00', '00000000', Buffer.alloc(1000)]) {
        const { flows, problems, trailingBytes } = decode(message(41), padding)
        assert.deepEqual([flows.length, problems, trailingBytes], [1, [], 0])
      }
    })

    it(`are told also when they are messages of another version, or many (${version})`, () => {
      const others = Object.values(MESSAGES).filter(
        (other) => other !== message && version !== 'v9',
      )
      for (const other of others) {
        const { flows, problems } = decode(message(41), other(42), other(43))
        assert.deepEqual([flows.length, problems], [1, ['second-message']])
      }
    })
  }

  it('count although the message is discarded', () => {
    const broken = ipfixMessageOf({}, '0100 0040')
    const { flows, problems, trailingBytes } = decode(broken, MESSAGES.IPFIX(42))
    assert.deepEqual([flows, problems], [[], ['malformed-message', 'second-message']])
    assert.equal(trailingBytes, MESSAGES.IPFIX(42).length)
  })

  it('of v9 after zeros are told, too', () => {
    const { flows, problems, trailingBytes } = decode(MESSAGES.v9(41), '00000000 0009ffff')
    assert.deepEqual([flows.length, problems, trailingBytes], [1, ['trailing-bytes'], 8])
  })

  it('of v9 are a reserved set unless source id and time are those of the message', () => {
    const set9 = set(9, '00000000 00000000 00000000 00000007', MESSAGES.v9(0).subarray(20))
    const flow = set(256, '00000008')
    const { flows, problems, trailingBytes } = decode(MESSAGES.v9(41), set9, flow)
    assert.deepEqual([flows.length, problems, trailingBytes], [2, ['reserved-set-id'], 0])
    const late = v9MessageOf({ unixSeconds: EXPORT_SECONDS + 61 })
    assert.notDeepEqual(decode(MESSAGES.v9(41), late).problems, ['second-message'])
  })
})
