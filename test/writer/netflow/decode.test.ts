/** The form of v9 datagrams: versions, sets, padding, and lengths that do not add up. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  hex,
  set,
  template,
  v9Message,
  v9MessageOf,
  type Wire,
  words,
} from '../../helpers/netflow-bytes.ts'

const HOST = template(256, [
  [8, 4],
  [1, 3],
])
const TEMPLATE_SET = set(0, HOST)
const ONE = 'c0000201 000001'
const TWO = 'c0000202 000002'

function bytesOf(...sets: readonly Wire[]): readonly unknown[] {
  return decodeAlone(v9Message(...sets)).flows.map(({ bytes }) => bytes)
}

describe('a v9 message', () => {
  it('decodes template, options and flows from hex', () => {
    const harness = new DecoderHarness()
    const { flows, counts, problems } = harness.receive(
      hex(`
        0009 0005 05f5e100 6553f100 0000002a 00010007
        0000 0030 0100 000a  0008 0004 000c 0004 000f 0004 000a 0002 000e 0002
                             0002 0004 0001 0004 0007 0002 000b 0002 0004 0001
        0001 001c 0101 0004 000c  0001 0004  0030 0001 0022 0002 0023 0001  0000
        0101 000c 00000000 01 03e8 02
        0100 0041 c0000201 c6336402 cb007103 0003 0004 0000000a 000005dc 01bb c350 06
                  c0000202 c6336403 00000000 0000 ffff ffffffff ffffffff 0035 ffff 11
                  000000`),
    )
    const sampled = { samplingRate: 1000 }
    assert.deepEqual(flows, [
      {
        srcAddr: '192.0.2.1',
        dstAddr: '198.51.100.2',
        nextHop: '203.0.113.3',
        inputIf: 3,
        outputIf: 4,
        packets: 10,
        bytes: 1500,
        srcPort: 443,
        dstPort: 50000,
        protocol: 6,
        ...sampled,
      },
      {
        srcAddr: '192.0.2.2',
        dstAddr: '198.51.100.3',
        nextHop: '0.0.0.0',
        inputIf: 0,
        outputIf: 65535,
        packets: 4294967295,
        bytes: 4294967295,
        srcPort: 53,
        dstPort: 65535,
        protocol: 17,
        ...sampled,
      },
    ])
    assert.deepEqual(counts, {
      dataRecords: 3,
      flowRecords: 2,
      optionsRecords: 1,
      templateRecords: 2,
      changedTemplates: 2,
      decodedSets: 2,
    })
    assert.deepEqual(problems, [])
    const { header } = harness.decoder
    assert.equal(header.exportVersion, 9)
    assert.equal(header.observationDomain, 0x10007)
    assert.equal(header.sequence, 42)
    assert.equal(header.uptimeMs, 100_000_000)
    assert.equal(header.exportMicros, EXPORT_SECONDS * 1_000_000)
  })

  it('keeps all 32 bits of source id, sequence and uptime', () => {
    const harness = new DecoderHarness()
    const most = 0xffffffff
    harness.receive(v9MessageOf({ sourceId: most, sequence: most, uptimeMs: most }))
    const { header } = harness.decoder
    assert.equal(header.observationDomain, most)
    assert.equal(header.sequence, most)
    assert.equal(header.uptimeMs, most)
  })

  it('shorter than its header is rejected', () => {
    assert.equal(decodeAlone(v9Message().subarray(0, 19)).reject, 'too-short')
    assert.equal(decodeAlone(hex('00')).reject, 'too-short')
    assert.equal(decodeAlone(hex('')).reject, 'too-short')
  })

  it('of an unknown version is rejected', () => {
    for (const version of ['0000', '0002', '0003', '0004', '000b', '0500', 'ffff']) {
      const datagram = hex(`${version} ${'00'.repeat(60)}`)
      assert.equal(decodeAlone(datagram).reject, 'unsupported-version')
    }
  })

  it('without sets is decoded and useless', () => {
    const harness = new DecoderHarness()
    assert.deepEqual(harness.receive(v9Message()).counts, {})
    assert.equal(harness.decoder.result.isUseless, false)
  })

  it('without a usable set is useless', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(2, 'ffff')))
    assert.equal(harness.decoder.result.isUseless, true)
    harness.receive(v9Message(set(2, 'ffff'), set(300, 'ff')))
    assert.equal(harness.decoder.result.isUseless, false)
  })

  it('holds several sets of one template', () => {
    assert.deepEqual(bytesOf(TEMPLATE_SET, set(256, ONE), set(256, TWO, ONE)), [1, 2, 1])
  })

  it('is read to its end, whatever the count in its header', () => {
    const message = v9Message(TEMPLATE_SET, set(256, ONE, TWO))
    for (const count of [0, 1, 2, 99, 65535]) {
      message.writeUInt16BE(count, 2)
      assert.equal(decodeAlone(message).flows.length, 2)
    }
  })

  it('needs no alignment of its sets to four bytes', () => {
    assert.deepEqual(bytesOf(TEMPLATE_SET, set(256, ONE), set(256, TWO)), [1, 2])
    assert.equal(set(256, ONE).length % 4, 3)
  })
})

describe('padding', () => {
  const decode = (...sets: readonly Wire[]) => {
    const { flows, counts, problems } = decodeAlone(v9Message(TEMPLATE_SET, ...sets))
    return [flows.length, counts.malformedSets, problems]
  }

  it('of zeros after the last record is skipped without a report', () => {
    assert.deepEqual(decode(set(256, ONE, '00'), set(256, TWO, '000000')), [2, undefined, []])
  })

  it('that is not zero is skipped and reported', () => {
    assert.deepEqual(decode(set(256, ONE, '0001')), [1, undefined, ['nonzero-padding']])
  })

  it('may be longer than a word as long as no record fits', () => {
    const long = template(257, [[1, 64]])
    const sets = [set(0, long), set(257, '00'.repeat(64 + 59))]
    assert.deepEqual(decode(...sets), [1, undefined, []])
  })

  it('of zeros after the last set ends the message', () => {
    for (const zeros of [1, 2, 3, 4, 5, 24, 500]) {
      assert.deepEqual(decode(set(256, ONE), '00'.repeat(zeros)), [1, undefined, []])
    }
  })

  it('of zeros after templates and options templates is no template', () => {
    const { counts, problems } = decodeAlone(
      v9Message(
        set(0, HOST, '00000000 0000'),
        set(1, words(257, 0, 4, 34, 4), '0000 0000 0000 00'),
      ),
    )
    assert.deepEqual([counts.templateRecords, counts.malformedSets, problems], [2, undefined, []])
  })
})

describe('a set whose length does not add up', () => {
  const decode = (...sets: readonly Wire[]) => {
    const { flows, counts, problems } = decodeAlone(v9Message(TEMPLATE_SET, ...sets))
    return [flows.map(({ bytes }) => bytes), counts.malformedSets, problems]
  }

  it('keeps its whole records if it reaches beyond the message', () => {
    const overrun = [...set(256, ONE, TWO).subarray(0, -1)]
    assert.deepEqual(decode(Buffer.from(overrun)), [
      [1],
      1,
      ['set-overruns-message', 'nonzero-padding'],
    ])
    const huge = Buffer.concat([words(256, 65535), hex(ONE)])
    assert.deepEqual(decode(set(256, TWO), huge), [[2, 1], 1, ['set-overruns-message']])
  })

  it('ends the message if its length is below that of its own header', () => {
    for (const length of [0, 1, 2, 3]) {
      const broken = words(256, length)
      assert.deepEqual(decode(set(256, ONE), broken, set(256, TWO)), [[1], 1, ['set-too-short']])
    }
    for (const length of [1, 2, 3]) {
      assert.deepEqual(decode(words(0, length), set(256, TWO)), [[], 1, ['set-too-short']])
    }
  })

  it('of id 0 and length 0 ends the message; only zeros may follow without a report', () => {
    const end = words(0, 0)
    assert.deepEqual(decode(set(256, ONE), end, '000000'), [[1], undefined, []])
    const rest = [end, set(256, TWO)]
    assert.deepEqual(decode(set(256, ONE), ...rest), [[1], undefined, ['trailing-bytes']])
  })

  it('may be empty', () => {
    assert.deepEqual(decode(set(256), set(0), set(1), set(256, ONE)), [[1], undefined, []])
  })

  it('has no record if its template is longer than the set', () => {
    assert.deepEqual(decode(set(256, '00'.repeat(6))), [[], undefined, []])
  })

  it('is skipped by its length if its id is reserved', () => {
    for (const id of [2, 3, 4, 100, 255]) {
      const sets = [set(id, ONE), set(256, TWO)]
      assert.deepEqual(decode(...sets), [[2], 1, ['reserved-set-id']])
    }
  })
})

describe('records', () => {
  it('beyond 8192 in one message are not read, but reported, and the next message is complete', () => {
    const harness = new DecoderHarness()
    const small = template(256, [[4, 1]])
    const { flows, counts, problems } = harness.receive(
      v9Message(set(0, small), set(256, '06'.repeat(20_000))),
    )
    assert.equal(flows.length, 8192)
    assert.equal(counts.malformedSets, 1)
    assert.deepEqual(problems, ['too-many-records'])
    assert.equal(harness.receive(v9Message(set(256, '0611'))).flows.length, 2)
  })

  it('of 20 bytes fill a whole datagram', () => {
    const count = Math.floor((65_507 - 20 - 12 - 4) / 20)
    const fields = template(256, [[1, 20]])
    const { flows, counts } = decodeAlone(
      v9Message(set(0, fields), set(256, '01'.repeat(20 * count))),
    )
    assert.deepEqual([flows.length, counts.malformedSets], [count, undefined])
  })

  it('leave no values for the next record', () => {
    const harness = new DecoderHarness()
    const both = set(0, HOST, template(257, [[2, 2]]), template(258, [[82, 4]]))
    harness.receive(v9Message(both, set(258, '65746831')))
    const { flows } = harness.receive(v9Message(set(256, ONE), set(257, '0009')))
    assert.deepEqual(flows, [{ srcAddr: '192.0.2.1', bytes: 1 }, { packets: 9 }])
  })
})
