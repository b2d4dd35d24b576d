/**
 * What RFC 3954, RFC 7011 and RFC 5103 ask of a collector, where no other test shows it. The table
 * in the README names these tests by their titles.
 */

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DecoderHarness, decodeAlone } from '../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  hex,
  set,
  template,
  v9Message,
  v9MessageOf,
  type Wire,
  wire,
} from '../../helpers/netflow-bytes.ts'

interface IpfixHeader {
  readonly domain?: number
  readonly length?: number
}

/** Makes an IPFIX message; `length` replaces the right one. */
function ipfixMessageOf({ domain = 7, length }: IpfixHeader, ...sets: readonly Wire[]): Buffer {
  const bytes = wire('000a 0000 00000000 00000000 00000000', ...sets)
  bytes.writeUInt16BE(length ?? bytes.length, 2)
  bytes.writeUInt32BE(EXPORT_SECONDS, 4)
  bytes.writeUInt32BE(domain, 12)
  return bytes
}

function ipfixMessage(...sets: readonly Wire[]): Buffer {
  return ipfixMessageOf({}, ...sets)
}

/** Template 256: octetDeltaCount of 4 bytes. */
const BYTES = set(2, '0100 0001 0001 0004')
/** Template 256: packetDeltaCount of 4 bytes. */
const PACKETS = set(2, '0100 0001 0002 0004')
const ONE = set(256, '00000001')

suite('a v9 collector', () => {
  test('keeps data under the template of its set id only', () => {
    const { flows } = decodeAlone(
      v9Message(
        set(0, template(256, [[1, 4]]), template(257, [[2, 4]])),
        set(257, '00000002'),
        set(256, '00000001'),
      ),
    )
    assert.deepEqual(flows, [{ packets: 2 }, { bytes: 1 }])
  })

  test('decodes by a template of an earlier message of the same source id', () => {
    const harness = new DecoderHarness()
    assert.deepEqual(harness.receive(v9Message(set(0, template(256, [[1, 4]])))).flows, [])
    assert.deepEqual(harness.receive(v9MessageOf({ sequence: 1 }, ONE)).flows, [{ bytes: 1 }])
  })

  test('reads several template sets of one message', () => {
    const { flows } = decodeAlone(
      v9Message(set(0, template(256, [[1, 4]])), set(0, template(257, [[2, 4]])), ONE),
    )
    assert.deepEqual(flows, [{ bytes: 1 }])
  })

  test('steps over a field type that it does not know, by its length', () => {
    const fields = [
      [60_001, 3],
      [1, 4],
    ] as const
    const { flows } = decodeAlone(
      v9Message(set(0, template(256, fields)), set(256, 'a1b2c3 00000001')),
    )
    assert.deepEqual(flows, [{ bytes: 1, extra: '{"0.60001":"a1b2c3"}' }])
  })

  test('keeps its templates when the clock of the exporter jumps', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, [[1, 4]]))))
    const { flows } = harness.receive(v9MessageOf({ unixSeconds: 86_400, uptimeMs: 5 }, ONE))
    assert.deepEqual(flows, [{ bytes: 1 }])
  })

  test('keeps a template that is not sent again', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, [[1, 4]]))), { receivedAtMicros: 0 })
    const muchLater = { receivedAtMicros: 7 * 86_400 * 1_000_000 }
    assert.deepEqual(harness.receive(v9Message(ONE), muchLater).flows, [{ bytes: 1 }])
  })
})

suite('an IPFIX message', () => {
  test('is discarded whole, and reported, when a length in it is nonsense', () => {
    const cases = {
      'set longer than the message': wire('0100 000c 00000002'),
      'set shorter than its header': wire('0100 0003 00000002'),
      'value longer than its set': wire(set(2, '0101 0001 0052 ffff'), set(257, '05 41')),
      'template longer than its set': set(2, '0102 0002 0001 0004'),
    }
    for (const [what, broken] of Object.entries(cases)) {
      const { flows, problems } = decodeAlone(ipfixMessage(BYTES, ONE, broken))
      assert.deepEqual([flows, problems], [[], ['malformed-message']], what)
    }
  })

  test('that was discarded has defined no template', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(BYTES, '0100 000c 00000002'))
    assert.equal(harness.stream().template(256), undefined)
  })

  test('is rejected when it is shorter than its header or its length, or of another version', () => {
    assert.equal(decodeAlone(hex('000a 0010 00000000 00000000 000000')).reject, 'too-short')
    const short = ipfixMessageOf({ length: 15 })
    assert.equal(decodeAlone(short).reject, 'malformed-message')
    const long = ipfixMessageOf({ length: 17 })
    assert.equal(decodeAlone(long).reject, 'malformed-message')
    const next = ipfixMessage(BYTES, ONE)
    next.writeUInt16BE(11, 0)
    assert.equal(decodeAlone(next).reject, 'unsupported-version')
  })

  test('ends where its header says, whatever stands behind it in the datagram', () => {
    const message = ipfixMessage(BYTES, ONE)
    assert.deepEqual(decodeAlone(wire(message, ONE)).flows, [{ bytes: 1 }])
  })

  test('with padding in its sets is read, also when that is not zero', () => {
    const { flows, problems } = decodeAlone(
      ipfixMessage(
        set(2, '0100 0001 0001 0004', '0000 00'),
        set(3, '0101 0002 0001 0095 0004 0029 0004', '0000'),
        set(257, '00000001 00000002', '000000'),
        set(256, '00000001', '00 00'),
        set(256, '00000002', 'ff ff'),
      ),
    )
    assert.deepEqual(flows, [{ bytes: 1 }, { bytes: 2 }])
    assert.deepEqual(problems, ['nonzero-padding'])
  })

  test('has sets of reserved ids skipped by their length', () => {
    for (const id of [0, 1, 4, 255]) {
      const { flows, problems } = decodeAlone(ipfixMessage(BYTES, set(id, 'ffffffff ffff'), ONE))
      assert.deepEqual([flows, problems], [[{ bytes: 1 }], ['reserved-set-id']])
    }
  })

  test('may have its sets in any order, data before template included', () => {
    const { flows } = decodeAlone(ipfixMessage(ONE, BYTES, set(256, '00000002'), set(2)))
    assert.deepEqual(flows, [{ bytes: 1 }, { bytes: 2 }])
  })
})

suite('an IPFIX template', () => {
  test('decodes data of later messages, and of earlier ones that waited for it', () => {
    const harness = new DecoderHarness()
    assert.deepEqual(harness.receive(ipfixMessage(ONE)).counts, { heldSets: 1, waitingSets: 1 })
    assert.deepEqual(harness.receive(ipfixMessage(BYTES)).flows, [{ bytes: 1 }])
    assert.deepEqual(harness.receive(ipfixMessage(ONE)).flows, [{ bytes: 1 }])
  })

  test('belongs to one exporter and observation domain', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(BYTES))
    assert.deepEqual(harness.receive(ipfixMessageOf({ domain: 8 }, ONE)).flows, [])
    assert.deepEqual(harness.receive(ipfixMessage(ONE), { exporter: '192.0.2.2' }).flows, [])
    assert.deepEqual(harness.receive(ipfixMessage(ONE)).flows, [{ bytes: 1 }])
  })

  test('shares its ids with options templates, and the last definition is in force', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(BYTES))
    assert.deepEqual(harness.receive(ipfixMessage(PACKETS, ONE)).flows, [{ packets: 1 }])
    const options = set(3, '0100 0002 0001 0095 0002 0029 0002')
    const { flows, counts } = harness.receive(ipfixMessage(options, ONE))
    assert.deepEqual([flows, counts.optionsRecords], [[], 1])
  })

  test('stays in force when a withdrawal comes over UDP', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(BYTES))
    for (const withdrawal of [set(2, '0100 0000'), set(2, '0002 0000'), set(3, '0003 0000')]) {
      const { problems } = harness.receive(ipfixMessage(withdrawal))
      assert.deepEqual(problems, ['template-withdrawal'])
    }
    assert.deepEqual(harness.receive(ipfixMessage(ONE)).flows, [{ bytes: 1 }])
  })

  test('with a reserved id, or of options without a scope, is refused and reported', () => {
    const reserved = decodeAlone(ipfixMessage(set(2, '00ff 0001 0001 0004')))
    assert.deepEqual(reserved.problems, ['reserved-template-id'])
    const scopeless = decodeAlone(ipfixMessage(set(3, '0101 0001 0000 0029 0004')))
    assert.deepEqual(scopeless.problems, ['options-template-without-scope'])
  })

  test('is kept when it is not sent again', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(BYTES), { receivedAtMicros: 0 })
    const muchLater = { receivedAtMicros: 7 * 86_400 * 1_000_000 }
    assert.deepEqual(harness.receive(ipfixMessage(ONE), muchLater).flows, [{ bytes: 1 }])
  })
})

suite('an IPFIX record', () => {
  const flowOf = (fields: string, record: string) => {
    const count = hex(fields).length / 4
    const [flow] = decodeAlone(
      ipfixMessage(set(2, '0100', count.toString(16).padStart(4, '0'), fields), set(256, record)),
    ).flows
    const { extra, ...columns } = flow ?? {}
    return { columns, extra: JSON.parse(String(extra ?? '{}')) as unknown }
  }

  test('keeps an element that nobody knows under its numbers, IANA and enterprise', () => {
    const { flows } = decodeAlone(
      ipfixMessage(
        set(2, '0100 0003', '7fff 0002', '8001 0003 0000ffff', '0001 0004'),
        set(256, 'a1b2 c1c2c3 00000001'),
      ),
    )
    const extra = '{"0.32767":"a1b2","65535.1":"c1c2c3"}'
    assert.deepEqual(flows, [{ bytes: 1, extra }])
  })

  test('may have integers of any width up to 8 bytes, and floats of 4 for 8', () => {
    for (let width = 1; width <= 8; width++) {
      const { columns } = flowOf(`0001 000${width}`, '7f'.padStart(width * 2, '0'))
      assert.deepEqual(columns, { bytes: 127 })
      const { extra } = flowOf(`01b2 000${width}`, 'ff'.repeat(width))
      assert.deepEqual(extra, { mibObjectValueInteger: -1 }, `${width} bytes with a sign`)
    }
    assert.deepEqual(flowOf('0140 0004', '3fc00000').extra, { absoluteError: 1.5 })
    assert.deepEqual(flowOf('0140 0008', '3ff8000000000000').extra, { absoluteError: 1.5 })
  })

  test('may have values of variable length, said in one byte or in three', () => {
    assert.deepEqual(flowOf('0052 ffff', '04 65746830').extra, { interfaceName: 'eth0' })
    assert.deepEqual(flowOf('0052 ffff', 'ff 0004 65746830').extra, { interfaceName: 'eth0' })
    assert.deepEqual(flowOf('0052 ffff 0004 0001', '00 06').columns, { protocol: 6 })
  })

  test('has booleans of 1 and 2, text in UTF-8, addresses and octets as their types say', () => {
    assert.deepEqual(flowOf('0114 0001', '01').extra, { dataRecordsReliability: true })
    assert.deepEqual(flowOf('0114 0001', '02').extra, { dataRecordsReliability: false })
    assert.deepEqual(flowOf('0052 0005', 'c3a974680a').extra, { interfaceName: 'éth\n' })
    assert.deepEqual(flowOf('0052 0002', 'ff41').extra, { interfaceName: '\ufffdA' })
    assert.deepEqual(flowOf('0038 0006', '0200c0ffee01').columns, { srcMac: '02:00:c0:ff:ee:01' })
    assert.deepEqual(flowOf('0046 0003', '00a1f2').extra, { mplsTopLabelStackSection: '00a1f2' })
  })

  test('has times in seconds, milliseconds, and NTP of the eras 0 and 1', () => {
    const start = EXPORT_SECONDS * 1_000_000
    assert.deepEqual(flowOf('0096 0004', '6553f100').columns, { flowStart: start })
    assert.deepEqual(flowOf('0098 0008', '0000018bcfe56800').columns, { flowStart: start })
    const half = { flowStart: start + 500_000 }
    assert.deepEqual(flowOf('009a 0008', 'e8fe6f80 80000000').columns, half)
    assert.deepEqual(flowOf('009c 0008', 'e8fe6f80 80000000').columns, half)
    const era1 = Date.UTC(2036, 1, 7, 6, 28, 16) * 1000
    assert.deepEqual(flowOf('009c 0008', '00000000 00000000').columns, { flowStart: era1 })
  })

  test('may have an element twice: the first fills the column, both are in extra', () => {
    const { columns, extra } = flowOf('0001 0004 0001 0004', '00000001 00000002')
    assert.deepEqual([columns, extra], [{ bytes: 1 }, { octetDeltaCount: [1, 2] }])
  })
})

suite('a biflow', () => {
  /** Addresses, ports, protocol, and bytes and packets of both directions. */
  const DEFINITION = set(
    2,
    '0100 0009 0008 0004 000c 0004 0007 0002 000b 0002 0004 0001 0001 0004 0002 0004',
    '8001 0004 00007279 8002 0004 00007279',
  )
  const KEYS = 'c0000201 c6336402 c350 0050 06'
  const FORWARD = {
    srcAddr: '192.0.2.1',
    dstAddr: '198.51.100.2',
    bytes: 1000,
    packets: 10,
    srcPort: 50_000,
    dstPort: 80,
    protocol: 6,
  }

  test('becomes two flows, the second with its ends swapped and its own counters', () => {
    const record = wire(KEYS, '000003e8 0000000a 000007d0 00000014')
    const { flows, counts } = decodeAlone(ipfixMessage(DEFINITION, set(256, record)))
    assert.deepEqual(flows, [
      FORWARD,
      {
        srcAddr: '198.51.100.2',
        dstAddr: '192.0.2.1',
        bytes: 2000,
        packets: 20,
        srcPort: 80,
        dstPort: 50_000,
        protocol: 6,
      },
    ])
    assert.deepEqual([counts.dataRecords, counts.flowRecords], [1, 2])
  })

  test('is one flow when nothing came back', () => {
    const record = wire(KEYS, '000003e8 0000000a 00000000 00000000')
    assert.deepEqual(decodeAlone(ipfixMessage(DEFINITION, set(256, record))).flows, [FORWARD])
  })

  test('keeps biflowDirection, and gives each direction its own flags and times', () => {
    const fields = '00ef 0001 0006 0001 0098 0008 0001 0001'
    const reverse = '8006 0001 00007279 8098 0008 00007279 8001 0001 00007279'
    const record = '01 02 0000018bcfe56800 05 12 0000018bcfe56801 06'
    const { flows } = decodeAlone(
      ipfixMessage(set(2, '0100 0007', fields, reverse), set(256, record)),
    )
    const extra = '{"biflowDirection":1}'
    const flowStart = EXPORT_SECONDS * 1_000_000
    assert.deepEqual(flows, [
      { flowStart, bytes: 5, tcpFlags: 0x02, extra },
      { flowStart: flowStart + 1000, bytes: 6, tcpFlags: 0x12, extra },
    ])
  })

  test('without reverse counters is one flow, the reverse elements by name in extra', () => {
    const { flows } = decodeAlone(
      ipfixMessage(set(2, '0100 0002 0001 0001 8006 0001 00007279'), set(256, '05 12')),
    )
    assert.deepEqual(flows, [{ bytes: 5, extra: '{"reverseTcpControlBits":18}' }])
  })
})
