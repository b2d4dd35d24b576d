/**
 * IPFIX messages: the header, the sets, and malformed messages, which are discarded (RFC 7011
 * section 3).
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  hex,
  ipfixMessage,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  type Wire,
  wire,
  words,
} from '../../../helpers/netflow-bytes.ts'

const DEFINITION = set(2, ipfixTemplate(256, [[1, 4]]))
const DATA = set(256, '00000007')

/** Header, template set (one field of an enterprise, one withdrawal), data set with padding. */
const WHOLE_MESSAGE = hex(`
  000a 0048 6553f100 0000002a 00000007
  0002 0020 0100 0004  0008 0004  000c 0004  0001 0004  8002 0004 00000009
            0101 0000
  0100 0018 c0000201 c6336402 000003e8 0a000001 00000000`)

describe('the header of an IPFIX message', () => {
  it('has the export time, the sequence number and the observation domain', () => {
    const harness = new DecoderHarness()
    const header = { exportSeconds: 4_294_967_295, sequence: 4_294_967_294, domain: 4_294_967_293 }
    const { reject, flows } = harness.receive(ipfixMessageOf(header, DEFINITION, DATA))
    assert.deepEqual([reject, flows], [undefined, [{ bytes: 7 }]])
    const { exportVersion, exportMicros, sequence, observationDomain, uptimeMs } =
      harness.decoder.header
    assert.deepEqual(
      [exportVersion, exportMicros, sequence, observationDomain, uptimeMs],
      [10, 4_294_967_295_000_000, 4_294_967_294, 4_294_967_293, Number.NaN],
    )
  })

  it('alone is a message', () => {
    const { reject, counts, problems } = decodeAlone(ipfixMessage())
    assert.deepEqual([reject, counts, problems], [undefined, {}, []])
  })

  it('that is cut short is rejected', () => {
    const message = ipfixMessage(DEFINITION)
    for (let length = 0; length < 16; length++) {
      assert.equal(decodeAlone(message.subarray(0, length)).reject, 'too-short')
    }
  })

  it('with a length below its own, or above that of the datagram, is rejected', () => {
    const rejectOf = (length: number) =>
      decodeAlone(ipfixMessageOf({ length }, DEFINITION, DATA)).reject
    const { length } = ipfixMessage(DEFINITION, DATA)
    for (const wrong of [0, 15, length + 1, 65_535]) {
      assert.equal(rejectOf(wrong), 'malformed-message', `length ${wrong}`)
    }
    assert.equal(rejectOf(length), undefined)
    assert.equal(rejectOf(16), undefined)
  })

  it('has the end of the message: bytes after it are not decoded', () => {
    const whole = ipfixMessage(DEFINITION, DATA)
    for (const behind of ['ff', set(256, '00000008'), hex('01000003')]) {
      const { flows, problems, counts } = decodeAlone(wire(whole, behind))
      assert.deepEqual([flows, problems], [[{ bytes: 7 }], ['trailing-bytes']])
      assert.equal(counts.decodedSets, 1)
    }
  })
})

describe('the sets of an IPFIX message', () => {
  it('are read in their order, each with its own padding', () => {
    const { flows, counts, problems } = decodeAlone(
      ipfixMessage(
        DEFINITION,
        set(256, '00000001 00000002', '000000'),
        set(2, ipfixTemplate(257, [[2, 4]]), '000000'),
        set(257, '00000003', '00'),
        DATA,
      ),
    )
    assert.deepEqual(flows, [{ bytes: 1 }, { bytes: 2 }, { packets: 3 }, { bytes: 7 }])
    assert.deepEqual(counts, {
      dataRecords: 4,
      flowRecords: 4,
      templateRecords: 2,
      decodedSets: 3,
      changedTemplates: 2,
    })
    assert.deepEqual(problems, [])
  })

  it('may be empty', () => {
    const { counts, problems } = decodeAlone(ipfixMessage(set(2), set(3), set(300), set(301)))
    assert.deepEqual([counts, problems], [{}, []])
  })

  it('with nonzero padding are decoded, and it is reported', () => {
    const { flows, problems } = decodeAlone(
      ipfixMessage(DEFINITION, set(256, '00000001', '000001'), DATA),
    )
    assert.deepEqual([flows, problems], [[{ bytes: 1 }, { bytes: 7 }], ['nonzero-padding']])
  })

  it('with a reserved id are skipped and reported', () => {
    for (const id of [0, 1, 4, 255]) {
      const decoded = decodeAlone(ipfixMessage(set(id, '0100 0001 0001 0004'), DEFINITION, DATA))
      assert.deepEqual([decoded.flows, decoded.problems], [[{ bytes: 7 }], ['reserved-set-id']])
      assert.equal(decoded.counts.malformedSets, 1)
    }
  })

  it('may be followed by zeros that the header should not have counted', () => {
    for (const zeros of ['00', '000000', '00000000', '00'.repeat(50)]) {
      const { flows, problems, counts } = decodeAlone(ipfixMessage(DEFINITION, DATA, zeros))
      assert.deepEqual([flows, problems], [[{ bytes: 7 }], []])
      assert.equal(counts.malformedSets, undefined)
    }
  })

  it('hold enterprise fields, withdrawals, records and padding', () => {
    const { flows, problems, counts } = decodeAlone(WHOLE_MESSAGE)
    const addresses = { srcAddr: '192.0.2.1', dstAddr: '198.51.100.2' }
    assert.deepEqual(flows, [{ ...addresses, bytes: 1000, extra: '{"9.2":"0a000001"}' }])
    assert.deepEqual([problems, counts.dataRecords], [['template-withdrawal'], 1])
  })
})

describe('a malformed IPFIX message', () => {
  const OPTIONS = set(
    3,
    ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [34, 4],
    ]),
  )
  const VARYING = set(
    2,
    ipfixTemplate(257, [
      [82, VARIABLE],
      [1, 4],
    ]),
  )
  const DISCARDED = { malformedSets: 1 }

  /** Puts the broken part last, after everything that must not be used. */
  const discards = (...broken: readonly Wire[]) => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(set(2, ipfixTemplate(256, [[2, 4]]))))
    harness.receive(ipfixMessage(set(400, '00000001')))
    const { reject, flows, problems, counts } = harness.receive(
      ipfixMessage(
        DEFINITION,
        DATA,
        OPTIONS,
        set(512, '00000007 00000064'),
        set(2, ipfixTemplate(400, [[1, 4]])),
        VARYING,
        set(500, '01'),
        ...broken,
      ),
      { receivedAtMicros: 1 },
    )
    assert.deepEqual([reject, flows, problems], [undefined, [], ['malformed-message']])
    assert.deepEqual(counts, DISCARDED)
    const { decoder } = harness
    assert.deepEqual([decoder.result.isDiscarded, decoder.result.isUseless], [true, true])
    assert.deepEqual(
      [harness.stream().templates.size, harness.stream().samplers.isEmpty],
      [1, true],
    )
    assert.notEqual(harness.stream().lastTemplateMicros, 1)
    assert.equal(decoder.heldSets.count, 1)
    const next = harness.receive(ipfixMessage(DATA))
    assert.deepEqual([next.flows, next.problems], [[{ packets: 7 }], []])
    assert.equal(decoder.result.isDiscarded, false)
  }

  it('has a set that is shorter than its header; nothing of it is used', () => {
    for (const length of [1, 2, 3]) discards(words(256, length), '00000000')
    discards(words(256, 0))
    discards(words(0, 0), '01')
  })

  it('has a set that reaches beyond it; nothing of it is used', () => {
    discards(words(256, 5))
    discards(words(256, 65_535), '00000001')
    discards(words(2, 12), ipfixTemplate(258, [[1, 4]]).subarray(0, 4))
    discards(words(999, 9), '00000000')
  })

  it('has a template that reaches beyond its set; nothing of it is used', () => {
    discards(set(2, words(258, 2, 1, 4)))
    discards(set(2, words(258, 65_535, 1, 4)))
    discards(set(2, words(258, 1, 0x8001, 4)))
    discards(set(2, words(258, 1, 0x8001, 4, 0)))
    discards(set(3, words(258, 1)))
    discards(set(3, words(258, 2, 1, 1, 4)))
  })

  it('has a record of variable length that reaches beyond its set; nothing of it is used', () => {
    discards(set(257, '05 61626364 00000001'))
    discards(set(257, '03 616263 00000001', '02 6162 000000'))
    discards(set(257, 'ff ffff 61 00000001'))
    discards(set(257, 'ff 00 000000'))
  })

  it('may have its data before the template that shows the break', () => {
    const broken = set(600, '05 61626364 00000001')
    discards(
      broken,
      set(
        2,
        ipfixTemplate(600, [
          [82, VARIABLE],
          [1, 4],
        ]),
      ),
    )
  })

  it('is judged by the definition in force at the set', () => {
    const short = set(2, ipfixTemplate(257, [[82, VARIABLE]]))
    const { flows, problems } = decodeAlone(
      ipfixMessage(VARYING, set(257, '01 61 00000001'), short, set(257, '04 61626364')),
    )
    assert.deepEqual(problems, [])
    assert.equal(flows.length, 2)
  })

  it('leaves no trace of its export time', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessageOf({ exportSeconds: 5 }, words(256, 3)))
    const start = set(2, ipfixTemplate(256, [[158, 4]]))
    const { flows } = harness.receive(ipfixMessage(start, set(256, '00000001')))
    assert.deepEqual(flows, [{ flowStart: EXPORT_SECONDS * 1_000_000 - 1 }])
  })
})
