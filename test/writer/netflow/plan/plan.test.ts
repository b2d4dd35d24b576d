/** Templates with unusual fields (v9): empty, variable, repeated and unknown ones. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAlone, flowOf } from '../../../helpers/decoder-harness.ts'
import { set, template, v9Message, type WireField } from '../../../helpers/netflow-bytes.ts'

const VARIABLE = 65535

function decode(fields: readonly WireField[], ...records: readonly string[]) {
  return decodeAlone(v9Message(set(0, template(256, fields)), set(256, ...records)))
}

describe('a field of length 0', () => {
  it('has no value, and does not hide a second field of the same element', () => {
    const { flows, problems } = decode(
      [
        [4, 0],
        [8, 0],
        [1, 4],
        [4, 1],
        [82, 0],
        [999, 0],
      ],
      '00000009 06',
      '0000000a 11',
    )
    assert.deepEqual(flows, [
      { bytes: 9, protocol: 6 },
      { bytes: 10, protocol: 17 },
    ])
    assert.deepEqual(problems, [])
  })
})

describe('a field of variable length in v9', () => {
  const fields: readonly WireField[] = [
    [4, 1],
    [82, VARIABLE],
    [1, 2],
  ]

  it('begins with its length in one byte, or in two after 255', () => {
    const { flows, problems } = decode(
      fields,
      '06 04 65746830 0001',
      '06 00 0002',
      '06 ff0004 65746831 0003',
      `06 ff0100 ${'41'.repeat(256)} 0004`,
      `06 fe ${'42'.repeat(254)} 0005`,
    )
    assert.deepEqual(flows, [
      { protocol: 6, bytes: 1, extra: '{"interfaceName":"eth0"}' },
      { protocol: 6, bytes: 2, extra: '{"interfaceName":""}' },
      { protocol: 6, bytes: 3, extra: '{"interfaceName":"eth1"}' },
      { protocol: 6, bytes: 4, extra: `{"interfaceName":"${'A'.repeat(256)}"}` },
      { protocol: 6, bytes: 5, extra: `{"interfaceName":"${'B'.repeat(254)}"}` },
    ])
    assert.deepEqual(problems, [])
  })

  it('that reaches beyond its set ends the set, and earlier records stay', () => {
    for (const broken of ['06 05 6574683000', '06 ff ff00', '06 ff 0400', '06 ffffff 00']) {
      const { flows, counts, problems } = decode(fields, '06 01 41 0001', broken)
      assert.equal(flows.length, 1)
      assert.deepEqual([counts.malformedSets, problems], [1, ['record-overruns-set']])
    }
  })

  it('does the same in options data', () => {
    const options = template(512, fields)
    options.writeUInt16BE(4, 2)
    const definition = Buffer.concat([
      options.subarray(0, 4),
      Buffer.from([0, 8]),
      options.subarray(4),
    ])
    const good = '06 04 65746830 0001'
    const { counts, problems } = decodeAlone(
      v9Message(set(1, definition), set(512, good, good, '06 05 65 0001')),
    )
    assert.equal(counts.optionsRecords, 2)
    assert.deepEqual([counts.malformedSets, problems], [1, ['record-overruns-set']])
  })

  it('is a number if its element is one and the value has a width for it', () => {
    const { flows } = decode([[1, VARIABLE]], '04 00000064')
    assert.deepEqual(flows, [{ extra: '{"octetDeltaCount":100}' }])
  })
})

describe('a repeated element', () => {
  it('has its first value in the column and all values in extra', () => {
    assert.deepEqual(flowOf([8, 'c0000201'], [8, 'c0000202'], [4, '06'], [8, '00000000']), {
      srcAddr: '192.0.2.1',
      protocol: 6,
      extra: '{"sourceIPv4Address":["192.0.2.1","192.0.2.2","0.0.0.0"]}',
    })
  })

  it('without a column is an array, too, of any widths', () => {
    assert.deepEqual(flowOf([70, '000101'], [54, '01'], [70, '000201'], [54, '00000002']), {
      extra: '{"mplsTopLabelStackSection":["000101","000201"],"fragmentIdentification":[1,2]}',
    })
  })

  it('of ICMP or sampling is named once in extra', () => {
    assert.deepEqual(flowOf([4, '06'], [32, '0001'], [32, '0002'], [34, '64000000'], [34, '01']), {
      protocol: 6,
      extra: '{"icmpTypeCodeIPv4":[1,2],"samplingInterval":[1677721600,1]}',
    })
    assert.deepEqual(flowOf([4, '01'], [7, '0001'], [7, '0002'], [11, '0800']), {
      protocol: 1,
      extra: '{"sourceTransportPort":[1,2],"destinationTransportPort":2048}',
    })
  })
})

describe('an element without a column', () => {
  it('is in extra under its name, by its type', () => {
    const cases = [
      [34967, 'abcd', '"0.34967":"abcd"'],
      [40999, '00', '"0.40999":"00"'],
      [33000, '03e9', '"ingressAclId":"03e9"'],
      [95, '0d000001', '"applicationId":"0d000001"'],
      [148, '0000000000000001', '"flowId":1'],
      [148, 'ffffffffffffffff', '"flowId":18446744073709551615'],
      [18, 'c0000201', '"bgpNextHopIPv4Address":"192.0.2.1"'],
      [63, '20010db8000000000000000000000001', '"bgpNextHopIPv6Address":"2001:db8::1"'],
      [52, '40', '"minimumTTL":64'],
      [434, 'ffffffff', '"mibObjectValueInteger":-1'],
      [276, '01', '"dataRecordsReliability":true'],
      [276, '02', '"dataRecordsReliability":false'],
      [322, '6553f100', undefined],
      [160, '0000018bcfe56800', '"systemInitTimeMilliseconds":"2023-11-14T22:13:20.000Z"'],
    ] as const
    for (const [id, value, member] of cases) {
      assert.equal(flowOf([id, value]).extra, member && `{${member}}`)
    }
  })

  it('is in the order of the template', () => {
    assert.equal(
      flowOf([52, '01'], [1, '02'], [53, '03'], [57001, '04']).extra,
      '{"minimumTTL":1,"maximumTTL":3,"0.57001":"04"}',
    )
  })

  it('is left out if it is padding', () => {
    assert.deepEqual(flowOf([210, '0000'], [1, '05'], [210, 'ffffff']), { bytes: 5 })
  })
})
