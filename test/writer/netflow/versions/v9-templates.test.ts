/** Templates and options templates of NetFlow v9, good and bad, and when they are in force. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Decoded, DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import {
  hex,
  optionsTemplate,
  set,
  template,
  v9Message,
  v9MessageOf,
  type WireField,
  words,
} from '../../../helpers/netflow-bytes.ts'

const BYTES: readonly WireField[] = [[1, 4]]
const PACKETS: readonly WireField[] = [[2, 4]]

function flowsAndProblems({ flows, problems }: Decoded): readonly unknown[] {
  return [flows, problems]
}

describe('a template set', () => {
  it('defines several templates', () => {
    const { flows, counts } = decodeAlone(
      v9Message(
        set(0, template(256, BYTES), template(65535, PACKETS)),
        set(65535, '00000001'),
        set(256, '00000002'),
      ),
    )
    assert.deepEqual(flows, [{ packets: 1 }, { bytes: 2 }])
    assert.deepEqual([counts.templateRecords, counts.changedTemplates], [2, 2])
  })

  it('puts a new definition of a known id in force at once', () => {
    const { flows, counts } = decodeAlone(
      v9Message(
        set(0, template(256, BYTES)),
        set(256, '00000001'),
        set(0, template(256, PACKETS)),
        set(256, '00000002'),
      ),
    )
    assert.deepEqual(flows, [{ bytes: 1 }, { packets: 2 }])
    assert.deepEqual([counts.templateRecords, counts.changedTemplates], [2, 2])
  })

  it('changes nothing if it repeats known templates', () => {
    const harness = new DecoderHarness()
    const definition = v9Message(set(0, template(256, BYTES)))
    assert.equal(harness.receive(definition).counts.changedTemplates, 1)
    const before = harness.stream().template(256)
    const { counts } = harness.receive(definition, { receivedAtMicros: 5 })
    assert.deepEqual(counts, { templateRecords: 1 })
    assert.equal(harness.stream().template(256), before)
    assert.equal(harness.stream().lastTemplateMicros, 5)
  })

  it('counts a difference in id, length, order or number of fields as a change', () => {
    const harness = new DecoderHarness()
    const change = (...fields: readonly WireField[]) =>
      harness.receive(v9Message(set(0, template(256, fields)))).counts.changedTemplates
    assert.equal(change([1, 4], [2, 4]), 1)
    assert.equal(change([1, 4], [2, 8]), 1)
    assert.equal(change([2, 8], [1, 4]), 1)
    assert.equal(change([2, 8], [1, 4], [4, 1]), 1)
    assert.equal(change([2, 8], [1, 4]), 1)
    assert.equal(change([2, 8], [1, 4]), undefined)
  })

  it('turns a template into an options template and back', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, BYTES))))
    harness.receive(v9Message(set(1, optionsTemplate(256, [[1, 4]], [[34, 4]]))))
    const { counts } = harness.receive(v9Message(set(256, '00000000 00000001')))
    assert.deepEqual(counts, { dataRecords: 1, decodedSets: 1, optionsRecords: 1 })
    harness.receive(v9Message(set(0, template(256, BYTES))))
    assert.equal(harness.receive(v9Message(set(256, '00000001'))).flows.length, 1)
  })
})

describe('an invalid template', () => {
  const rejects = (definition: Buffer, problem: string, setId = 0) => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(0, template(256, BYTES))))
    const { counts, problems } = harness.receive(
      v9Message(set(setId, definition, ''), set(256, '00000001')),
    )
    assert.deepEqual([problems, counts.malformedSets], [[problem, 'no-template'], 1])
    assert.equal(counts.templateRecords, undefined)
  }

  it('without fields ends the previous definition', () => {
    rejects(template(256, []), 'empty-template')
  })

  it('of length 0 ends the previous definition', () => {
    rejects(template(256, [[1, 0]]), 'zero-length-template')
  })

  it('of more than 1024 fields ends the previous definition', () => {
    rejects(template(256, new Array<WireField>(1025).fill([1, 1])), 'too-many-fields')
    rejects(template(256, new Array<WireField>(16_000).fill([1, 1])), 'too-many-fields')
  })

  it('that reaches beyond its set ends the previous definition', () => {
    rejects(words(256, 2, 1, 4), 'template-overruns-set')
    rejects(words(256, 65535, 1, 4), 'template-overruns-set')
    rejects(words(256, 4, 8, 1, 4, 34, 4), 'template-overruns-set', 1)
    rejects(words(256, 65535, 65535, 1, 4), 'template-overruns-set', 1)
  })

  it('may be an options template of length 0', () => {
    rejects(optionsTemplate(256, [[1, 0]], [[34, 0]]), 'zero-length-template', 1)
  })

  it('does not prevent the next template of its set', () => {
    const decoded = decodeAlone(
      v9Message(
        set(0, template(300, []), template(301, [[1, 0]]), template(256, BYTES)),
        set(256, '00000007'),
      ),
    )
    const problems = ['empty-template', 'zero-length-template']
    assert.deepEqual(flowsAndProblems(decoded), [[{ bytes: 7 }], problems])
  })

  it('has an id below 256', () => {
    const { counts, problems } = decodeAlone(v9Message(set(0, template(255, BYTES))))
    assert.deepEqual([problems, counts], [['reserved-template-id'], { malformedSets: 1 }])
  })

  it('does not have 1024 fields or fewer: that is the limit', () => {
    const most = new Array<WireField>(1024).fill([4, 1])
    const { flows } = decodeAlone(
      v9Message(set(0, template(256, most)), set(256, '06'.repeat(1024))),
    )
    assert.equal(flows[0]?.protocol, 6)
  })
})

describe('an options template', () => {
  it('has the lengths of its scopes and options in bytes', () => {
    const harness = new DecoderHarness()
    const { counts, problems } = harness.receive(
      v9Message(
        hex('0001 001c 0200 0008 0008  0001 0004 0002 0002  0022 0004 0023 0001 0000'),
        set(512, '00000009 0005 000003e8 02'),
      ),
    )
    assert.deepEqual([counts.optionsRecords, problems], [1, []])
    assert.equal(harness.stream().template(512)?.scopeFields, 2)
    assert.equal(harness.stream().template(512)?.recordLength, 11)
    const rate = harness.stream().samplers.rateOf({
      rate: undefined,
      samplerId: undefined,
      inputIf: 5,
      templateId: 256,
    })
    assert.equal(rate, 1000)
  })

  it('may share a set with others, with padding only at its end', () => {
    const harness = new DecoderHarness()
    harness.receive(
      v9Message(
        set(1, optionsTemplate(512, [[1, 4]], [[34, 4]]), optionsTemplate(513, [], BYTES), '0000'),
      ),
    )
    assert.equal(harness.stream().templates.size, 2)
    assert.equal(harness.stream().template(513)?.scopeFields, 0)
  })

  it('may have no scope at all', () => {
    const { counts } = decodeAlone(
      v9Message(set(1, optionsTemplate(512, [], [[34, 4]])), set(512, '00000064')),
    )
    assert.deepEqual([counts.optionsRecords, counts.malformedSets], [1, undefined])
  })

  it('may have a scope field of length 0', () => {
    const { counts, problems } = decodeAlone(
      v9Message(set(1, optionsTemplate(512, [[1, 0]], [[34, 4]])), set(512, '00000064')),
    )
    assert.deepEqual([counts.optionsRecords, problems], [1, []])
  })

  it('with an option length that is no multiple of 4 has the whole fields that fit', () => {
    for (const [padding, length] of [
      ['', 8],
      ['00', 9],
      ['000000', 11],
    ] as const) {
      const harness = new DecoderHarness()
      const definition = set(1, words(512, 4, length, 1, 4, 48, 1, 34, 4), padding)
      harness.receive(v9Message(definition))
      assert.equal(harness.stream().template(512)?.recordLength, 9)
    }
  })

  it('with an odd length in place of a multiple of 4 is read nevertheless', () => {
    const harness = new DecoderHarness()
    const odd = words(512, 4, 9, 1, 4, 48, 1, 34, 4)
    const { problems } = harness.receive(v9Message(set(1, odd, words(513, 0, 4, 34, 4))))
    assert.deepEqual(problems, [])
    assert.equal(harness.stream().template(512)?.recordLength, 9)
    assert.equal(harness.stream().template(513)?.recordLength, 4)
  })

  it('without options is kept and reported', () => {
    const { counts, problems } = decodeAlone(
      v9Message(set(1, optionsTemplate(512, [[1, 4]], [])), set(512, '00000001')),
    )
    assert.deepEqual(problems, ['options-template-without-options'])
    assert.equal(counts.optionsRecords, 1)
  })
})

describe('templates of one stream', () => {
  const definition = v9Message(set(0, template(256, BYTES)))
  const data = v9Message(set(256, '00000001'))

  it('are unknown to another source id of the same exporter', () => {
    const harness = new DecoderHarness()
    harness.receive(definition)
    const other = harness.receive(v9MessageOf({ sourceId: 8 }, set(256, '00000001')))
    assert.deepEqual(flowsAndProblems(other), [[], ['no-template']])
    assert.equal(harness.receive(data).flows.length, 1)
  })

  it('are unknown to the same source id of another exporter', () => {
    const harness = new DecoderHarness()
    harness.receive(definition, { exporter: '192.0.2.1' })
    harness.receive(v9Message(set(0, template(256, PACKETS))), { exporter: '192.0.2.2' })
    const flowsFrom = (exporter: string) => harness.receive(data, { exporter }).flows
    assert.deepEqual(flowsFrom('192.0.2.1'), [{ bytes: 1 }])
    assert.deepEqual(flowsFrom('192.0.2.2'), [{ packets: 1 }])
    assert.deepEqual(flowsFrom('192.0.2.3'), [])
  })

  it('are 1024 at most: the least recently refreshed one goes', () => {
    const harness = new DecoderHarness()
    const define = (from: number, to: number) => {
      const templates = Array.from({ length: to - from }, (_, i) => template(from + i, BYTES))
      harness.receive(v9Message(set(0, ...templates)))
    }
    define(1000, 2024)
    define(1000, 1001)
    define(3000, 3001)
    const stream = harness.stream()
    assert.equal(stream.templates.size, 1024)
    assert.notEqual(stream.template(1000), undefined)
    assert.equal(stream.template(1001), undefined)
    assert.notEqual(stream.template(1002), undefined)
    assert.notEqual(stream.template(3000), undefined)
  })

  it('have 32768 fields at most: the least recently refreshed ones go', () => {
    const harness = new DecoderHarness()
    const thousand = Array.from({ length: 1000 }, (_, i) => [i + 1, 1] as const)
    for (let id = 256; id < 296; id++) harness.receive(v9Message(set(0, template(id, thousand))))
    const stream = harness.stream()
    assert.deepEqual([stream.templates.size, stream.templates.fieldCount], [32, 32_000])
    assert.deepEqual([stream.template(263), stream.template(264)?.id], [undefined, 264])
    harness.receive(v9Message(set(0, template(295, BYTES), template(294, []))))
    assert.deepEqual([stream.templates.size, stream.templates.fieldCount], [31, 30_001])
  })
})
