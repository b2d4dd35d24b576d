/** The sampling rate of a flow, and the rates that do not apply. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SamplingSettings } from '../../../../writer/netflow/memory/samplers.ts'
import { type Decoded, DecoderHarness } from '../../../helpers/decoder-harness.ts'
import {
  type FieldBytes,
  hex,
  oneRecordMessage,
  v9Message,
} from '../../../helpers/netflow-bytes.ts'

const SETTINGS: SamplingSettings = { override: null, default: null, byteOrder: 'network' }
const BYTES: FieldBytes = [1, '05']
/** A rate of 100 as RouterOS 6 sends it. */
const SWAPPED: FieldBytes = [34, '64000000']

/** Decodes one record of an exporter with an operator's settings; returns its stream, too. */
function receive(settings: Partial<SamplingSettings>, ...fields: readonly FieldBytes[]) {
  const harness = new DecoderHarness()
  harness.receive(v9Message())
  harness.stream().samplers.configure({ ...SETTINGS, ...settings }, 0)
  const decoded: Decoded = harness.receive(oneRecordMessage(fields))
  return { ...decoded, samplers: harness.stream().samplers }
}

describe('the sampling rate of a record', () => {
  it('is the configured override, and the sent rate is in extra', () => {
    const { flows } = receive({ override: 500, default: 7 }, [34, '0064'], BYTES)
    assert.deepEqual(flows, [{ bytes: 5, samplingRate: 500, extra: '{"samplingInterval":100}' }])
    const same = receive({ override: 100 }, [34, '0064'], BYTES)
    assert.deepEqual(same.flows, [{ bytes: 5, samplingRate: 100 }])
  })

  it('is its own before the configured default', () => {
    assert.deepEqual(receive({ default: 7 }, [50, '0064']).flows, [{ samplingRate: 100 }])
    assert.deepEqual(receive({ default: 7 }, [50, '0000'], BYTES).flows, [
      { bytes: 5, samplingRate: 7 },
    ])
    assert.deepEqual(receive({ default: 7 }, BYTES).flows, [{ bytes: 5, samplingRate: 7 }])
  })

  it('of v5 is the configured one, if the header has none, or always', () => {
    const harness = new DecoderHarness()
    const rateOf = (header: string, settings: Partial<SamplingSettings>) => {
      const message = hex(
        `0005 0001 00000000 00000000 00000000 00000000 0000 ${header} ${'00'.repeat(48)}`,
      )
      harness.receive(message)
      harness.stream().samplers.configure({ ...SETTINGS, ...settings }, 0)
      return harness.receive(message).flows[0]?.samplingRate
    }
    assert.equal(rateOf('0000', {}), undefined)
    assert.equal(rateOf('0000', { default: 7 }), 7)
    assert.equal(rateOf('4064', { default: 7 }), 100)
    assert.equal(rateOf('4064', { override: 9 }), 9)
  })

  it('above 2²⁴ is no rate and in extra, unless an operator configures it', () => {
    assert.deepEqual(receive({}, [34, '01000000']).flows, [{ samplingRate: 2 ** 24 }])
    assert.deepEqual(receive({}, [34, '01000001']).flows, [
      { extra: '{"samplingInterval":16777217}' },
    ])
    const { flows } = receive({ override: 2 ** 24 + 1 }, [34, '01000001'])
    assert.deepEqual(flows, [{ samplingRate: 2 ** 24 + 1, extra: '{"samplingInterval":16777217}' }])
  })
})

describe('a rate with swapped bytes', () => {
  it('is no rate, in extra, and reported with the byte order that it suggests', () => {
    const { flows, problems, samplers } = receive({}, SWAPPED, BYTES)
    assert.deepEqual(flows, [{ bytes: 5, extra: '{"samplingInterval":1677721600}' }])
    assert.deepEqual(problems, ['swapped-sampling-rate'])
    assert.equal(samplers.suggestedByteOrder, 'little')
  })

  it('is suggested only from 2²⁴ on, if the swapped value is small', () => {
    const suggested = (value: string) => receive({}, [34, value]).samplers.suggestedByteOrder
    assert.equal(suggested('01000000'), 'little')
    assert.equal(suggested('00ffffff'), undefined)
    assert.equal(suggested('ffff0000'), 'little')
    assert.equal(suggested('ffff0100'), undefined)
    assert.equal(suggested('00000064'), undefined)
    assert.equal(suggested('0064'), undefined)
  })

  it('is read correctly once an operator sets the byte order', () => {
    const { flows, problems, samplers } = receive({ byteOrder: 'little' }, SWAPPED, BYTES)
    assert.deepEqual(flows, [{ bytes: 5, samplingRate: 100 }])
    assert.deepEqual(problems, [])
    assert.equal(samplers.suggestedByteOrder, undefined)
    const wide = receive({ byteOrder: 'little' }, [50, 'e803'])
    assert.deepEqual(wide.flows, [{ samplingRate: 1000 }])
  })

  it('is no longer suggested once the byte order is set', () => {
    const { samplers } = receive({}, SWAPPED)
    samplers.configure({ ...SETTINGS, byteOrder: 'little' }, 0)
    assert.equal(samplers.suggestedByteOrder, undefined)
    samplers.suggestByteOrder()
    assert.equal(samplers.suggestedByteOrder, undefined)
  })
})

describe('flows without a sampling rate', () => {
  it('are counted until a rate is known', () => {
    const harness = new DecoderHarness()
    harness.receive(oneRecordMessage([BYTES]))
    assert.equal(harness.decoder.result.flowsWithoutRate, 1)
    harness.receive(oneRecordMessage([BYTES, [34, '0064']]))
    assert.equal(harness.decoder.result.flowsWithoutRate, 0)
  })
})
