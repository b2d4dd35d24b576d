/** Values of IPFIX records: their lengths and every abstract data type (RFC 7011 sections 6, 7). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAlone, ipfixFlowOf, variableExtraOf } from '../../../helpers/decoder-harness.ts'
import {
  type IpfixField,
  type IpfixValue,
  ipfixMessage,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
  type Wire,
} from '../../../helpers/netflow-bytes.ts'

/** The `extra` of a record with one field. */
function extraOf(...value: IpfixValue): unknown {
  return JSON.parse(String(ipfixFlowOf(value).extra))
}

/** Of ntop's elements only strings and integers have types; this one has the others. */
const NTOP = 35_632
const CESNET = 8_057
const CISCO = 9
const CITRIX = 5951

describe('a field of variable length', () => {
  const flowsOf = (fields: readonly IpfixField[], ...records: readonly Wire[]) =>
    decodeAlone(ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, ...records)))

  it('has its length in one byte, or in three', () => {
    for (const form of ['short', 'long'] as const) {
      const { flows, problems } = flowsOf(
        [
          [82, VARIABLE],
          [1, 2],
        ],
        variable('65746830', form),
        '0001',
        variable('6c6f', form),
        '0002',
      )
      assert.deepEqual(problems, [])
      assert.deepEqual(flows, [
        { bytes: 1, extra: '{"interfaceName":"eth0"}' },
        { bytes: 2, extra: '{"interfaceName":"lo"}' },
      ])
    }
  })

  it('may have no bytes, in either form', () => {
    for (const form of ['short', 'long'] as const) {
      const fields: readonly IpfixField[] = [
        [82, VARIABLE],
        [1, VARIABLE],
        [95, VARIABLE],
        [27, VARIABLE],
        [2, 1],
      ]
      const nothing = variable('', form)
      const { flows, problems } = flowsOf(fields, nothing, nothing, nothing, nothing, '05')
      assert.deepEqual([flows[0]?.packets, flows[0]?.bytes], [5, undefined])
      assert.deepEqual([flows.length, problems], [1, []])
    }
  })

  it('may have 254 bytes, 255, and as many as fit into the message', () => {
    for (const [count, form] of [
      [254, 'short'],
      [254, 'long'],
      [255, 'long'],
      [65_000, 'long'],
    ] as const) {
      const value = variable('61'.repeat(count), form)
      assert.deepEqual(variableExtraOf(82, value), { interfaceName: 'a'.repeat(count) })
    }
  })

  it('may be repeated, and belong to an enterprise', () => {
    const fields: readonly IpfixField[] = [
      [82, VARIABLE],
      [5, VARIABLE, 9],
      [82, VARIABLE],
    ]
    const { flows } = flowsOf(fields, variable('61'), variable('00ff'), variable('62'))
    assert.deepEqual(flows, [{ extra: '{"9.5":"00ff","interfaceName":["a","b"]}' }])
  })

  it('may end its record before padding', () => {
    const fields: readonly IpfixField[] = [
      [1, 4],
      [82, VARIABLE],
    ]
    const { flows, problems } = flowsOf(fields, '00000001', variable('61'), '00000000')
    assert.deepEqual([flows.length, problems], [1, []])
  })

  it('is written by its actual length', () => {
    assert.deepEqual(variableExtraOf(1, variable('0102')), { octetDeltaCount: 258 })
    assert.deepEqual(variableExtraOf(8, variable('c0000201')), { sourceIPv4Address: '192.0.2.1' })
    assert.deepEqual(variableExtraOf(8, variable('c00002')), { sourceIPv4Address: 'c00002' })
    assert.deepEqual(variableExtraOf(56, variable('0102030405')), {
      sourceMacAddress: '0102030405',
    })
    assert.deepEqual(variableExtraOf(3, variable('00'.repeat(9))), {
      deltaFlowCount: '00'.repeat(9),
    })
  })
})

describe('a number of reduced size', () => {
  const WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8]

  it('without sign fills its column in every width', () => {
    for (const width of WIDTHS) {
      const value = `01${'00'.repeat(width - 1)}`
      const expected = 2 ** (8 * (width - 1))
      const counters = ipfixFlowOf([1, value], [2, value])
      const big = expected > Number.MAX_SAFE_INTEGER ? BigInt(expected) : expected
      assert.deepEqual(counters, { bytes: big, packets: big })
      const flow = ipfixFlowOf([10, value], [17, value], [7, '01'.padStart(2 * width, '0')])
      const [inputIf, dstAs] = [flow.inputIf, flow.dstAs]
      assert.deepEqual([inputIf, dstAs], width < 8 ? [expected, expected] : [undefined, undefined])
      assert.equal(flow.srcPort, 1)
    }
  })

  it('without sign is exact in extra in every width', () => {
    for (const width of WIDTHS) {
      const json = ipfixFlowOf([3, 'ff'.repeat(width)]).extra
      assert.equal(json, `{"deltaFlowCount":${256n ** BigInt(width) - 1n}}`)
    }
  })

  it('with sign keeps it in every width', () => {
    for (const width of WIDTHS) {
      assert.deepEqual(extraOf(434, 'ff'.repeat(width)), { mibObjectValueInteger: -1 })
      const least = ipfixFlowOf([434, `80${'00'.repeat(width - 1)}`]).extra
      assert.equal(least, `{"mibObjectValueInteger":${-(256n ** BigInt(width)) / 2n}}`)
    }
  })

  it('of 2⁶³ and more is NULL in its column and exact in extra', () => {
    const message = ipfixMessage(set(2, ipfixTemplate(256, [[1, 8]])), set(256, 'ffffffffffffffff'))
    const { flows, problems } = decodeAlone(message)
    assert.deepEqual(flows, [{ extra: '{"octetDeltaCount":18446744073709551615}' }])
    assert.deepEqual(problems, ['counter-out-of-range'])
  })

  it('with a fraction has 8 bytes or 4', () => {
    assert.deepEqual(extraOf(320, '3ff8000000000000'), { absoluteError: 1.5 })
    assert.deepEqual(extraOf(320, '3fc00000'), { absoluteError: 1.5 })
    assert.deepEqual(extraOf(320, 'c0490fdb'), { absoluteError: -3.1415927410125732 })
    assert.deepEqual(extraOf(320, '7fc00000'), { absoluteError: 'NaN' })
    assert.deepEqual(extraOf(320, '7ff0000000000000'), { absoluteError: 'Infinity' })
    assert.deepEqual(extraOf(320, '3ff800'), { absoluteError: '3ff800' })
    assert.deepEqual(extraOf(1020, '3fc00000', CESNET), { ntsMeanPacketPayload: 1.5 })
  })

  it('with sign of an enterprise keeps it', () => {
    assert.deepEqual(extraOf(1016, 'ff', CESNET), { packetDirection: -1 })
    assert.deepEqual(extraOf(1013, '8000', CESNET), { packetLength: -32768 })
  })
})

describe('a value in extra', () => {
  it('is true or false if it is 1 or 2, else as sent', () => {
    assert.deepEqual(extraOf(276, '01'), { dataRecordsReliability: true })
    assert.deepEqual(extraOf(276, '02'), { dataRecordsReliability: false })
    assert.deepEqual(extraOf(276, '00'), { dataRecordsReliability: 0 })
  })

  it('is text in UTF-8 without the NULs after it, broken bytes replaced', () => {
    assert.deepEqual(extraOf(82, '657468302f300000'), { interfaceName: 'eth0/0' })
    assert.deepEqual(extraOf(82, 'c3a4e282ac f09f9880'), { interfaceName: 'ä€😀' })
    assert.deepEqual(extraOf(82, '61ff62'), { interfaceName: 'a\ufffdb' })
    assert.deepEqual(extraOf(82, '61 eda080'), { interfaceName: 'a\ufffd\ufffd\ufffd' })
    assert.deepEqual(extraOf(82, '22 5c 0a 01'), { interfaceName: '"\\\n\u0001' })
  })

  it('is an object with all bytes of a text that has a NUL inside', () => {
    assert.deepEqual(extraOf(82, '0061'), { interfaceName: { hex: '0061' } })
    assert.deepEqual(extraOf(82, '61 00 62 00'), { interfaceName: { hex: '61006200' } })
  })

  it('has id and text of a Cisco host, which begins with six bytes of id', () => {
    const hostOf = (hex: string) => variableExtraOf(12_235, variable(hex), CISCO)
    assert.deepEqual(hostOf('03 00 00 50 34 02 6578616d706c652e636f6d'), {
      appHTTPHost: { id: '030000503402', text: 'example.com' },
    })
    assert.deepEqual(hostOf('03 00 00 50 34 02'), {
      appHTTPHost: { id: '030000503402', text: '' },
    })
    assert.deepEqual(hostOf('6578616d706c652e636f6d'), { appHTTPHost: 'example.com' })
    assert.deepEqual(hostOf('03 00 00 50 34 02 61 00 62'), {
      appHTTPHost: { hex: '030000503402610062' },
    })
    assert.deepEqual(hostOf('03 00 61'), { appHTTPHost: { hex: '030061' } })
  })

  it('has the URIs of Cisco statistics, each with its count', () => {
    const urisOf = (hex: string) => variableExtraOf(9357, variable(hex), CISCO)
    assert.deepEqual(urisOf('2f61 00 0003'), { appHTTPUriStatistics: [{ uri: '/a', count: 3 }] })
    assert.deepEqual(urisOf('2f61 00 0100 2f62 00 0000'), {
      appHTTPUriStatistics: [
        { uri: '/a', count: 256 },
        { uri: '/b', count: 0 },
      ],
    })
    assert.deepEqual(urisOf('2f61'), { appHTTPUriStatistics: '/a' })
    assert.deepEqual(urisOf(''), { appHTTPUriStatistics: '' })
    assert.deepEqual(urisOf('2f61 00 03'), { appHTTPUriStatistics: { hex: '2f610003' } })
    assert.deepEqual(urisOf('2f61 00 0003 00'), { appHTTPUriStatistics: { hex: '2f6100000300' } })
  })

  it('is bytes in hex, whatever their number', () => {
    assert.deepEqual(extraOf(70, '00a1f2'), { mplsTopLabelStackSection: '00a1f2' })
    assert.deepEqual(extraOf(313, 'ab'.repeat(300)), { ipHeaderPacketSection: 'ab'.repeat(300) })
  })

  it('is a MAC address, or an address of either family', () => {
    assert.deepEqual(extraOf(365, '00a1b2c3d4e5'), { staMacAddress: '00:a1:b2:c3:d4:e5' })
    assert.deepEqual(extraOf(225, 'c0000201'), { postNATSourceIPv4Address: '192.0.2.1' })
    assert.deepEqual(extraOf(281, `20010db8${'00'.repeat(11)}01`), {
      postNATSourceIPv6Address: '2001:db8::1',
    })
  })

  it('is a time in seconds or milliseconds', () => {
    assert.deepEqual(extraOf(258, '0000018bcfe56801'), {
      collectionTimeMilliseconds: '2023-11-14T22:13:20.001Z',
    })
    assert.deepEqual(extraOf(260, '6553f100'), { maxExportSeconds: '2023-11-14T22:13:20.000Z' })
    assert.deepEqual(extraOf(260, 'ffffffff'), { maxExportSeconds: '2106-02-07T06:28:15.000Z' })
  })

  it('is an NTP time of era 0 or 1, in microseconds or nanoseconds', () => {
    const ENDS = [
      ['e8fe6f80 80000000', '2023-11-14T22:13:20.500000Z'],
      ['e8fe6f80 000010c7', '2023-11-14T22:13:20.000001Z'],
      ['e8fe6f80 ffffffff', '2023-11-14T22:13:21.000000Z'],
      ['83aa7e80 00000000', '1970-01-01T00:00:00.000000Z'],
      ['ffffffff 00000000', '2036-02-07T06:28:15.000000Z'],
      ['00000000 00001000', '2036-02-07T06:28:16.000001Z'],
      ['83aa7e7f 00000000', '2106-02-07T06:28:15.000000Z'],
    ] as const
    for (const [value, text] of ENDS) {
      assert.deepEqual(extraOf(271, value), { minFlowStartMicroseconds: text })
      assert.deepEqual(extraOf(273, value), { minFlowStartNanoseconds: text })
    }
  })

  it('is 0 if it is a time of 0, which says nothing', () => {
    assert.deepEqual(extraOf(260, '00000000'), { maxExportSeconds: 0 })
    assert.deepEqual(extraOf(258, '00'.repeat(8)), { collectionTimeMilliseconds: 0 })
    assert.deepEqual(extraOf(271, '00'.repeat(8)), { minFlowStartMicroseconds: 0 })
    assert.deepEqual(extraOf(153, '00'.repeat(8), CITRIX), { httpReqRcvFB: 0 })
  })

  it('of a width that its type cannot have is bytes in hex', () => {
    assert.deepEqual(extraOf(258, '00'.repeat(9)), { collectionTimeMilliseconds: '00'.repeat(9) })
    assert.deepEqual(extraOf(271, '00000001'), { minFlowStartMicroseconds: '00000001' })
    assert.deepEqual(extraOf(365, '0102'), { staMacAddress: '0102' })
    assert.deepEqual(extraOf(225, '0102'), { postNATSourceIPv4Address: '0102' })
  })

  it('is left out if it is padding', () => {
    assert.deepEqual(ipfixFlowOf([210, 'ffffff'], [4, '06'], [210, '00']), { protocol: 6 })
  })

  it('has the name of its enterprise, or its numbers in hex', () => {
    assert.deepEqual(extraOf(20_000, '0102'), { '0.20000': '0102' })
    assert.deepEqual(extraOf(1, '0102', NTOP), { [`${NTOP}.1`]: '0102' })
    const flow = ipfixFlowOf([1, '05'], [1, '06'])
    assert.deepEqual(flow, { bytes: 5, extra: '{"octetDeltaCount":[5,6]}' })
  })
})
