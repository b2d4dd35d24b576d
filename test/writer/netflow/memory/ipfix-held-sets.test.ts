/** IPFIX data sets that come before their template, and their records when it comes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness, RECEIVED_AT_MICROS } from '../../../helpers/decoder-harness.ts'
import {
  EXPORT_SECONDS,
  hex64,
  ipfixMessage,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
} from '../../../helpers/netflow-bytes.ts'

/** Microseconds before the export, and bytes. */
const DEFINITION = set(
  2,
  ipfixTemplate(256, [
    [158, 4],
    [1, 4],
  ]),
)
const DATA = set(256, '00000005 00000007')
const EXPORT_MICROS = EXPORT_SECONDS * 1_000_000

describe('IPFIX data before its template', () => {
  it('is held and decoded later with the times of its own message', () => {
    const harness = new DecoderHarness()
    const first = harness.receive(ipfixMessageOf({ sequence: 41 }, DATA))
    assert.deepEqual(first.counts, { heldSets: 1, waitingSets: 1 })
    assert.deepEqual([first.flows, first.problems], [[], ['no-template']])
    const receivedAtMicros = RECEIVED_AT_MICROS + 90_000_000
    const header = { exportSeconds: EXPORT_SECONDS + 90, sequence: 42 }
    const later = harness.receive(ipfixMessageOf(header, DEFINITION, DATA), { receivedAtMicros })
    assert.deepEqual(later.flows, [
      { flowStart: EXPORT_MICROS - 5, bytes: 7 },
      { flowStart: EXPORT_MICROS + 90_000_000 - 5, bytes: 7 },
    ])
    assert.deepEqual(later.receivedAt, [RECEIVED_AT_MICROS, receivedAtMicros])
    const { releases } = harness.decoder.result
    assert.deepEqual(releases, [{ sequence: 41, dataRecords: 1, optionsRecords: 0 }])
    assert.deepEqual([harness.decoder.heldSets.count, harness.decoder.heldSets.bytes], [0, 0])
  })

  it('in the same message is decoded with the message, and is no release', () => {
    const harness = new DecoderHarness()
    const { flows, counts } = harness.receive(ipfixMessage(DATA, DATA, DEFINITION))
    assert.equal(flows.length, 2)
    assert.deepEqual([counts.dataRecords, counts.releasedRecords], [2, undefined])
    assert.deepEqual([counts.waitingSets, counts.releasedSets], [undefined, 2])
    assert.deepEqual(harness.decoder.result.releases, [])
  })

  it('is decoded by the first definition that follows, whatever the message defines later', () => {
    const varying = set(2, ipfixTemplate(256, [[82, VARIABLE]]))
    const { flows, problems } = new DecoderHarness().receive(
      ipfixMessage(DATA, DEFINITION, varying),
    )
    assert.deepEqual(flows, [{ flowStart: EXPORT_MICROS - 5, bytes: 7 }])
    assert.deepEqual(problems, ['no-template'])
  })

  it('does not affect its neighbours, and waits in its own domain only', () => {
    const harness = new DecoderHarness()
    const other = set(2, ipfixTemplate(257, [[2, 4]]))
    const { flows, counts } = harness.receive(ipfixMessage(other, DATA, set(257, '00000001')))
    assert.deepEqual([flows, counts.heldSets], [[{ packets: 1 }], 1])
    assert.deepEqual(harness.receive(ipfixMessageOf({ domain: 8 }, DEFINITION)).flows, [])
    assert.deepEqual(harness.receive(ipfixMessage(DEFINITION)).flows.length, 1)
  })

  it('may be options data, which apply to later flows', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessageOf({ sequence: 3 }, set(512, '00000007 00000064')))
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [34, 4],
    ])
    const { counts } = harness.receive(ipfixMessage(set(3, options)))
    assert.deepEqual([counts.optionsRecords, counts.releasedRecords], [1, 1])
    assert.deepEqual(harness.decoder.result.releases, [
      { sequence: 3, dataRecords: 1, optionsRecords: 1 },
    ])
    const { flows } = harness.receive(ipfixMessage(DEFINITION, DATA))
    assert.equal(flows[0]?.samplingRate, 100)
  })

  it('counts its uptimes from the boot time known by then', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(set(256, '000003e8')))
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [160, 8],
    ])
    const bootMs = EXPORT_SECONDS * 1000 - 5000
    const boot = set(512, '00000007', bootMs.toString(16).padStart(16, '0'))
    const { flows } = harness.receive(
      ipfixMessage(set(3, options), boot, set(2, ipfixTemplate(256, [[22, 4]]))),
    )
    assert.deepEqual(flows, [{ flowStart: (bootMs + 1000) * 1000 }])
  })

  it('has the boot time and the sampling rate that follow its template in the message', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(set(256, '000003e8')))
    const bootMs = EXPORT_SECONDS * 1000 - 5000
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [160, 8],
      [305, 4],
      [306, 4],
    ])
    const { flows } = harness.receive(
      ipfixMessage(
        set(2, ipfixTemplate(256, [[22, 4]])),
        set(3, options),
        set(512, '00000007', hex64(bootMs), '00000001 00000063'),
      ),
    )
    assert.deepEqual(flows, [{ flowStart: (bootMs + 1000) * 1000, samplingRate: 100 }])
  })

  it('has the rate of options data that was held, too, and whose template follows its own', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(set(512, '00000007 00000064'), DATA))
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [34, 4],
    ])
    const { flows } = harness.receive(ipfixMessage(DEFINITION, set(3, options)))
    assert.deepEqual(
      flows.map(({ samplingRate }) => samplingRate),
      [100],
    )
  })

  it('is decoded before later data of the message, so that running totals grow', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessageOf({ sequence: 0 }, set(256, '00000001 00000064')))
    const definition = ipfixTemplate(256, [
      [148, 4],
      [85, 4],
    ])
    const later = { sequence: 1, exportSeconds: EXPORT_SECONDS + 1 }
    const data = set(256, '00000001 00000096')
    const { flows, counts } = harness.receive(ipfixMessageOf(later, set(2, definition), data))
    assert.deepEqual(
      flows.map(({ bytes }) => bytes),
      [100, 50],
    )
    assert.deepEqual([counts.decodedSets, counts.dataRecords, counts.releasedRecords], [2, 1, 1])
  })

  it('may have variable lengths, and lists whose template came meanwhile', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(set(256, variable('03 0101 0050'), '0001')))
    harness.receive(ipfixMessage(set(2, ipfixTemplate(257, [[7, 2]]))))
    const fields = [
      [292, VARIABLE],
      [1, 2],
    ] as const
    const { flows } = harness.receive(ipfixMessage(set(2, ipfixTemplate(256, fields))))
    const records = '[{"sourceTransportPort":80}]'
    const extra = `{"subTemplateList":{"semantic":"allOf","templateId":257,"records":${records}}}`
    assert.deepEqual(flows, [{ bytes: 1, extra }])
  })

  it('that is broken is decoded up to the break, and its number of records stays unknown', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessageOf({ sequence: 3 }, set(256, '0161', '0561')))
    const { flows, problems, counts } = harness.receive(
      ipfixMessage(set(2, ipfixTemplate(256, [[82, VARIABLE]]))),
    )
    assert.deepEqual(flows, [{ extra: '{"interfaceName":"a"}' }])
    assert.deepEqual([problems, counts.malformedSets], [['record-overruns-set'], 1])
    assert.deepEqual(harness.decoder.result.releases, [])
  })

  it('keeps waiting when the template that comes is invalid, ignored or in a discarded message', () => {
    const harness = new DecoderHarness()
    harness.receive(ipfixMessage(DATA))
    harness.receive(ipfixMessage(set(2, ipfixTemplate(256, [[1, 0]]))))
    harness.receive(ipfixMessage(set(2, ipfixTemplate(256, []))))
    harness.receive(ipfixMessage(DEFINITION, '0100 0003'))
    assert.equal(harness.decoder.heldSets.count, 1)
    assert.equal(harness.receive(ipfixMessage(DEFINITION)).flows.length, 1)
  })
})
