/** Templates and options templates of IPFIX, good and bad (RFC 7011 sections 3.4 and 8). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Decoded, DecoderHarness, decodeAlone } from '../../../helpers/decoder-harness.ts'
import {
  hex,
  type IpfixField,
  ipfixMessage,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  words,
} from '../../../helpers/netflow-bytes.ts'

const BYTES: readonly IpfixField[] = [[1, 4]]
const PACKETS: readonly IpfixField[] = [[2, 4]]
const define = (id: number, fields: readonly IpfixField[]) =>
  ipfixMessage(set(2, ipfixTemplate(id, fields)))
const NO_SAMPLING = { rate: undefined, samplerId: undefined, inputIf: undefined, templateId: 256 }

function flowsAndProblems({ flows, problems }: Decoded): readonly unknown[] {
  return [flows, problems]
}

describe('an IPFIX template', () => {
  it('may have fields of an enterprise, whose numbers are its own', () => {
    const fields: readonly IpfixField[] = [
      [1, 4, 9],
      [1, 4],
      [32_767, 2, 4_294_967_295],
    ]
    const { flows, problems } = decodeAlone(
      ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, '00000001 00000002 0003')),
    )
    const extra = '{"9.1":"00000001","4294967295.32767":"0003"}'
    assert.deepEqual([flows, problems], [[{ bytes: 2, extra }], []])
  })

  it('with enterprise number 0 has elements of IANA', () => {
    const fields: readonly IpfixField[] = [[1, 4, 0]]
    const message = ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, '00000001'))
    assert.deepEqual(decodeAlone(message).flows, [{ bytes: 1 }])
  })

  it('may share a set with others', () => {
    const { flows, counts } = decodeAlone(
      ipfixMessage(
        set(2, ipfixTemplate(256, BYTES), ipfixTemplate(65_535, PACKETS)),
        set(65_535, '00000001'),
        set(256, '00000002'),
      ),
    )
    assert.deepEqual(flows, [{ packets: 1 }, { bytes: 2 }])
    assert.deepEqual([counts.templateRecords, counts.changedTemplates], [2, 2])
  })

  it('replaces the previous one at once, and changes nothing if it repeats it', () => {
    const harness = new DecoderHarness()
    const changes = (fields: readonly IpfixField[]) =>
      harness.receive(define(256, fields)).counts.changedTemplates
    assert.equal(changes(BYTES), 1)
    assert.equal(changes(BYTES), undefined)
    assert.equal(changes([[1, 4, 9]]), 1)
    assert.equal(changes([[1, 4, 10]]), 1)
    assert.equal(changes(PACKETS), 1)
    assert.deepEqual(harness.receive(ipfixMessage(set(256, '00000001'))).flows, [{ packets: 1 }])
  })

  it('is unknown to other domains, exporters and versions', () => {
    const harness = new DecoderHarness()
    harness.receive(define(256, BYTES))
    const data = set(256, '00000001')
    const strangers = [
      harness.receive(ipfixMessageOf({ domain: 8 }, data)),
      harness.receive(ipfixMessage(data), { exporter: '192.0.2.2' }),
    ]
    for (const decoded of strangers) {
      assert.deepEqual(flowsAndProblems(decoded), [[], ['no-template']])
    }
    assert.equal(harness.receive(ipfixMessage(data)).flows.length, 1)
  })

  it('that is invalid ends the previous definition, and affects no other', () => {
    const cases = [
      [ipfixTemplate(256, [[1, 0]]), 'zero-length-template'],
      [ipfixTemplate(256, new Array<IpfixField>(1025).fill([1, 1])), 'too-many-fields'],
      [ipfixTemplate(256, new Array<IpfixField>(16_000).fill([1, 1])), 'too-many-fields'],
    ] as const
    for (const [definition, problem] of cases) {
      const harness = new DecoderHarness()
      harness.receive(define(256, BYTES))
      const { flows, problems, counts } = harness.receive(
        ipfixMessage(
          set(2, definition, ipfixTemplate(257, PACKETS)),
          set(256, '00000001'),
          set(257, '00000002'),
        ),
      )
      assert.deepEqual([flows, problems], [[{ packets: 2 }], [problem, 'no-template']])
      assert.deepEqual([counts.malformedSets, counts.templateRecords], [1, 1])
    }
  })

  it('has an id above 255', () => {
    for (const id of [1, 2, 3, 255]) {
      const { counts, problems } = decodeAlone(define(id, BYTES))
      assert.deepEqual([problems, counts], [['reserved-template-id'], { malformedSets: 1 }])
    }
  })

  it('may have 1024 fields, some of length 0', () => {
    const most = [...new Array<IpfixField>(1023).fill([4, 0]), [4, 1]] as readonly IpfixField[]
    const { flows } = decodeAlone(ipfixMessage(set(2, ipfixTemplate(256, most)), set(256, '06')))
    assert.deepEqual(flows, [{ protocol: 6 }])
  })
})

describe('a template withdrawal', () => {
  const withdraws = (setId: number, id: number) => {
    const harness = new DecoderHarness()
    harness.receive(define(256, BYTES))
    const withdrawal = harness.receive(ipfixMessage(set(setId, words(id, 0))))
    assert.deepEqual(withdrawal.problems, ['template-withdrawal'])
    assert.deepEqual(withdrawal.counts, {})
    assert.equal(harness.decoder.result.isUseless, false)
    assert.equal(harness.receive(ipfixMessage(set(256, '00000001'))).flows.length, 1)
  }

  it('is ignored over UDP, and reported', () => {
    withdraws(2, 256)
    withdraws(3, 256)
  })

  it('of all templates is ignored, too', () => {
    withdraws(2, 2)
    withdraws(3, 3)
  })

  it('may be between definitions', () => {
    const { flows } = decodeAlone(
      ipfixMessage(
        set(2, words(300, 0), ipfixTemplate(256, BYTES), words(256, 0), words(257, 0)),
        set(256, '00000001'),
      ),
    )
    assert.deepEqual(flows, [{ bytes: 1 }])
  })
})

describe('an IPFIX options template', () => {
  it('has scope fields that are ordinary elements', () => {
    const harness = new DecoderHarness()
    const { counts, problems } = harness.receive(
      ipfixMessage(
        hex('0003 0016 0200 0003 0001  0095 0004  0131 0004  0132 0004'),
        set(512, '00000007 00000001 00000063', '0000'),
      ),
    )
    assert.deepEqual(problems, [])
    assert.deepEqual(counts, {
      dataRecords: 1,
      optionsRecords: 1,
      templateRecords: 1,
      decodedSets: 1,
      changedTemplates: 1,
    })
    const template = harness.stream().template(512)
    assert.deepEqual([template?.isOptions, template?.scopeFields], [true, 1])
    assert.equal(harness.stream().samplers.rateOf(NO_SAMPLING), 100)
  })

  it('may have several scope fields, none but scope fields, and fields of an enterprise', () => {
    const harness = new DecoderHarness()
    const fields: readonly IpfixField[] = [
      [149, 4],
      [10, 4, 9],
      [34, 4],
    ]
    for (const scopes of [1, 2, 3]) {
      const { problems } = harness.receive(
        ipfixMessage(set(3, ipfixOptionsTemplate(512, scopes, fields))),
      )
      assert.deepEqual([problems, harness.stream().template(512)?.scopeFields], [[], scopes])
    }
  })

  it('without a scope, or with more scope fields than fields, ends the previous definition', () => {
    for (const scopes of [0, 2, 65_535]) {
      const harness = new DecoderHarness()
      harness.receive(define(512, BYTES))
      const { problems, counts } = harness.receive(
        ipfixMessage(set(3, ipfixOptionsTemplate(512, scopes, [[34, 4]])), set(512, '00000064')),
      )
      assert.deepEqual(problems, ['options-template-without-scope', 'no-template'])
      assert.deepEqual(counts, { heldSets: 1, waitingSets: 1, malformedSets: 1 })
    }
  })

  it('turns a template of flows into one of options, and back', () => {
    const harness = new DecoderHarness()
    const data = ipfixMessage(set(512, '00000064'))
    harness.receive(define(512, BYTES))
    assert.equal(harness.receive(data).flows.length, 1)
    harness.receive(ipfixMessage(set(3, ipfixOptionsTemplate(512, 1, [[1, 4]]))))
    assert.equal(harness.receive(data).counts.optionsRecords, 1)
    harness.receive(define(512, BYTES))
    assert.equal(harness.receive(data).flows.length, 1)
  })

  it('announces samplers by selector, interface and template', () => {
    const harness = new DecoderHarness()
    const announce = (scope: number, value: string, interval: string) =>
      harness.receive(
        ipfixMessage(
          set(
            3,
            ipfixOptionsTemplate(512, 1, [
              [scope, hex(value).length],
              [34, 4],
            ]),
          ),
          set(512, value, interval),
        ),
      )
    announce(302, '0000000000000005', '0000000a')
    announce(10, '00000003', '00000014')
    announce(145, '0100', '0000001e')
    const { samplers } = harness.stream()
    assert.equal(samplers.rateOf({ ...NO_SAMPLING, samplerId: 5 }), 10)
    assert.equal(samplers.rateOf({ ...NO_SAMPLING, inputIf: 3 }), 20)
    assert.equal(samplers.rateOf(NO_SAMPLING), 30)
  })

  it('announces the rate of every selector algorithm', () => {
    const rateOf = (...options: readonly (readonly [id: number, value: string])[]) => {
      const harness = new DecoderHarness()
      const fields = options.map(([id, value]): IpfixField => [id, hex(value).length])
      harness.receive(
        ipfixMessage(
          set(3, ipfixOptionsTemplate(512, 1, [[149, 4], ...fields])),
          set(512, '00000007', ...options.map(([, value]) => value)),
        ),
      )
      return harness.stream().samplers.rateOf(NO_SAMPLING)
    }
    assert.equal(rateOf([304, '0001'], [305, '00000001'], [306, '0000018f']), 400)
    assert.equal(rateOf([304, '0002'], [307, '0000000a'], [308, '0000005a']), 10)
    assert.equal(rateOf([304, '0003'], [309, '00000002'], [310, '000000c8']), 100)
    assert.equal(rateOf([304, '0004'], [311, '3f847ae147ae147b']), 100)
    assert.equal(rateOf([304, '0004'], [311, '3c23d70a']), 100)
    assert.equal(rateOf([50, '00000032']), 50)
    assert.equal(rateOf([304, '0003'], [309, '00000000'], [310, '000000c8']), undefined)
  })
})
