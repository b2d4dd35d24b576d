/** Sampling rates and names in options data, and the rate of a record (v9). */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_NAMES_PER_STREAM } from '../../../../writer/netflow/limits.ts'
import { type DecodedFlow, DecoderHarness } from '../../../helpers/decoder-harness.ts'
import {
  type FieldBytes,
  oneOptionsMessage,
  oneRecordMessage,
  optionsTemplate,
  set,
  v9Message,
  v9MessageOf,
} from '../../../helpers/netflow-bytes.ts'

const SYSTEM: readonly FieldBytes[] = [[1, '00000000']]

/** Decodes options records, then a record of `fields`, and returns the flow's rate. */
class SamplingHarness extends DecoderHarness {
  announce(options: readonly FieldBytes[], scopes = SYSTEM): this {
    const { counts, problems } = this.receive(oneOptionsMessage(scopes, options))
    assert.deepEqual([counts.optionsRecords, problems], [1, []])
    return this
  }

  flow(...fields: readonly FieldBytes[]): DecodedFlow {
    return this.receive(oneRecordMessage([[4, '06'], ...fields])).flows[0] ?? {}
  }

  rate(...fields: readonly FieldBytes[]): DecodedFlow['samplingRate'] {
    return this.flow(...fields).samplingRate
  }
}

function rateBy(...options: readonly FieldBytes[]): DecodedFlow['samplingRate'] {
  return new SamplingHarness().announce(options).rate()
}

describe('a sampling rate', () => {
  it('is absent until it is announced', () => {
    assert.equal('samplingRate' in new SamplingHarness().flow(), false)
  })

  it('of the domain comes from samplingInterval or samplerRandomInterval', () => {
    assert.equal(rateBy([34, '000003e8'], [35, '02']), 1000)
    assert.equal(rateBy([49, '02'], [50, '00000200']), 512)
    assert.equal(rateBy([34, '64']), 100)
    assert.equal(rateBy([34, '0000000000000064']), 100)
  })

  it('of 0 is unknown, not 0', () => {
    assert.equal(rateBy([34, '00000000']), undefined)
    assert.equal(rateBy([50, '00000000'], [34, '00000064']), undefined)
    assert.equal(new SamplingHarness().rate([34, '00000000']), undefined)
  })

  it('of 1 means unsampled, as announced', () => {
    assert.equal(rateBy([34, '00000001']), 1)
  })

  it('above 2²⁴ is no rate', () => {
    assert.equal(rateBy([34, '01000000']), 2 ** 24)
    assert.equal(rateBy([34, '01000001']), undefined)
    assert.equal(rateBy([34, 'ffffffffffffffff']), undefined)
  })

  it('of a later announcement replaces the earlier rate', () => {
    const harness = new SamplingHarness().announce([[34, '00000064']])
    assert.equal(harness.announce([[34, '000000c8']]).rate(), 200)
  })

  it('applies to later data of the same message, and to no other source id', () => {
    const harness = new SamplingHarness()
    const options = oneOptionsMessage(SYSTEM, [[34, '00000064']]).subarray(20)
    const data = oneRecordMessage([[4, '06']]).subarray(20)
    const { flows } = harness.receive(v9Message(data, options, data))
    assert.deepEqual(
      flows.map(({ samplingRate }) => samplingRate),
      [undefined, 100],
    )
    const other = harness.receive(v9MessageOf({ sourceId: 8 }, data))
    assert.equal(other.flows[0]?.samplingRate, undefined)
  })
})

describe('selectorAlgorithm', () => {
  it('1 counts packets that are sampled and skipped', () => {
    assert.equal(rateBy([304, '0001'], [305, '00000001'], [306, '000003e7']), 1000)
    assert.equal(rateBy([304, '0001'], [305, '0000000a'], [306, '0000005a']), 10)
    assert.equal(rateBy([304, '0001'], [305, '00000001'], [306, '00000000']), 1)
    assert.equal(rateBy([304, '0001'], [34, '00000064']), 100)
  })

  it('2 counts time that is sampled and skipped', () => {
    assert.equal(rateBy([304, '0002'], [307, '00000064'], [308, '00000384']), 10)
  })

  it('3 samples n out of N packets', () => {
    assert.equal(rateBy([304, '0003'], [309, '00000002'], [310, '000000c8']), 100)
    assert.equal(rateBy([304, '0003'], [309, '00000000'], [310, '000000c8']), undefined)
  })

  it('4 samples by probability', () => {
    assert.equal(rateBy([304, '0004'], [311, '3f50624dd2f1a9fc']), 1000)
    assert.equal(rateBy([304, '0004'], [311, '3c23d70a']), 100)
    for (const bad of ['0000000000000000', '7ff8000000000000', 'bff0000000000000']) {
      assert.equal(rateBy([304, '0004'], [311, bad]), undefined)
    }
  })

  it('is inferred from the other elements if it is missing', () => {
    assert.equal(rateBy([305, '00000001'], [306, '00000063']), 100)
  })
})

describe('the rate of a record', () => {
  const sampler = (id: string, rate: string): readonly FieldBytes[] => [
    [48, id],
    [50, rate],
  ]

  it('is that of its sampler', () => {
    const harness = new SamplingHarness()
    harness.announce(sampler('01', '00000064')).announce(sampler('02', '000000c8'))
    assert.equal(harness.rate([48, '01']), 100)
    assert.equal(harness.rate([48, '0002']), 200)
    assert.equal(harness.rate([302, '0000000000000002']), 200)
    assert.equal(harness.rate([48, '03']), undefined)
    assert.equal(harness.rate(), undefined)
  })

  it('is that of its selector, announced as such', () => {
    const selector: readonly FieldBytes[] = [
      [302, '0000000000000005'],
      [304, '0001'],
      [305, '00000001'],
      [306, '00000009'],
    ]
    assert.equal(new SamplingHarness().announce(selector).rate([302, '05']), 10)
  })

  it('of sampler 0 or none is that of the only sampler', () => {
    const harness = new SamplingHarness().announce(sampler('07', '00000064'))
    assert.equal(harness.rate([48, '00']), 100)
    assert.equal(harness.rate(), 100)
    harness.announce(sampler('08', '000000c8'))
    assert.equal(harness.rate([48, '00']), undefined)
    assert.equal(harness.rate(), undefined)
  })

  it('is that of its input interface', () => {
    const harness = new SamplingHarness()
    harness.announce([[34, '00000064']], [[2, '00000005']])
    harness.announce([[34, '000000c8']], [[2, '0006']])
    assert.equal(harness.rate([10, '0005']), 100)
    assert.equal(harness.rate([10, '00000006']), 200)
    assert.equal(harness.rate([10, '0007']), undefined)
  })

  it('is that of its template', () => {
    const harness = new SamplingHarness().announce([[34, '00000064']], [[5, '0100']])
    assert.equal(harness.rate(), 100)
    const other = new SamplingHarness().announce([[34, '00000064']], [[5, '0101']])
    assert.equal(other.rate(), undefined)
  })

  it('is that of the domain if a scope has length 0', () => {
    const harness = new SamplingHarness().announce([[34, '00000064']], [[2, '']])
    assert.equal(harness.rate([10, '0005']), 100)
  })

  it('is its own before its sampler, interface, template and domain, in this order', () => {
    const harness = new SamplingHarness()
    harness.announce([[34, '00000001']])
    assert.equal(harness.rate([48, '07'], [10, '05']), 1)
    harness.announce([[34, '00000002']], [[5, '0100']])
    assert.equal(harness.rate([48, '07'], [10, '05']), 2)
    harness.announce([[34, '00000003']], [[2, '00000005']])
    assert.equal(harness.rate([48, '07'], [10, '05']), 3)
    harness.announce(sampler('07', '00000004'))
    assert.equal(harness.rate([48, '07'], [10, '05']), 4)
    assert.equal(harness.rate([48, '07'], [10, '05'], [34, '00000005']), 5)
    assert.equal(harness.rate([50, '00000006']), 6)
    assert.equal(harness.rate([34, '00000000'], [48, '07'], [10, '05']), 4)
  })

  it('of its own stays in extra, exactly and under its own name, if it is no rate', () => {
    const harness = new SamplingHarness()
    assert.equal(harness.flow([34, '64000000']).extra, '{"samplingInterval":1677721600}')
    const extra = harness.flow([50, '1000000000000001']).extra
    assert.equal(extra, '{"samplerRandomInterval":1152921504606846977}')
    assert.equal(harness.flow([34, '64000000']).samplingRate, undefined)
  })
})

describe('options data', () => {
  it('of several records in one set are all read, with padding after the last', () => {
    const harness = new SamplingHarness()
    const definition = optionsTemplate(
      512,
      [[1, 4]],
      [
        [48, 1],
        [50, 2],
      ],
    )
    const records = ['00000000 01 000a', '00000000 02 0014', '00000000 03 001e']
    const { counts } = harness.receive(
      v9Message(set(1, definition), set(512, ...records, '000000')),
    )
    assert.equal(counts.optionsRecords, 3)
    assert.deepEqual(
      ['01', '02', '03'].map((id) => harness.rate([48, id])),
      [10, 20, 30],
    )
  })

  it('are no flows', () => {
    const message = oneOptionsMessage(SYSTEM, [[1, '00000001']])
    assert.deepEqual(new DecoderHarness().receive(message).flows, [])
  })

  it('name interfaces, samplers and applications', () => {
    const harness = new SamplingHarness()
    harness.announce([[82, '4769302f310000']], [[2, '00000005']])
    harness.announce([
      [10, '0006'],
      [83, '75706c696e6b20'],
    ])
    harness.announce([
      [48, '01'],
      [84, '65646765 00 ff'],
    ])
    harness.announce([
      [95, '0d000001'],
      [94, '6e6f'],
      [96, '68747470'],
    ])
    const { interfaceNames, samplerNames, applicationNames } = harness.stream()
    assert.deepEqual(
      [...interfaceNames],
      [
        [5, 'Gi0/1'],
        [6, 'uplink'],
      ],
    )
    assert.deepEqual([...samplerNames], [[1, 'edge']])
    assert.deepEqual([...applicationNames], [['0d000001', 'http']])
  })

  it('use a bounded memory for their names', () => {
    const harness = new SamplingHarness()
    harness.announce([[82, '41'.repeat(30_000)]], [[2, '00000005']])
    harness.announce([
      [95, '41'.repeat(30_000)],
      [96, '42'.repeat(30_000)],
    ])
    const { interfaceNames, applicationNames } = harness.stream()
    assert.equal(interfaceNames.get(5), 'A'.repeat(255))
    assert.deepEqual([...applicationNames], [])
    const definition = optionsTemplate(512, [[2, 4]], [[82, 1]])
    for (let i = 0; i < MAX_NAMES_PER_STREAM + 5000; i += 5000) {
      const records = Array.from({ length: 5000 }, (_, k) => `${index8(i + k)} 41`)
      harness.receive(v9Message(set(1, definition), set(512, ...records)))
    }
    assert.equal(interfaceNames.size, MAX_NAMES_PER_STREAM)
  })
})

function index8(index: number): string {
  return index.toString(16).padStart(8, '0')
}
