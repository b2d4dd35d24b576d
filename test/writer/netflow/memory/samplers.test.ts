/** Announced sampling rates, and when their rows have to be written. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  SAMPLER_SCOPES,
  Samplers,
  type SamplingAnnouncement,
  type SamplingSettings,
} from '../../../../writer/netflow/memory/samplers.ts'
import { DecoderHarness } from '../../../helpers/decoder-harness.ts'
import { type FieldBytes, hex, oneOptionsMessage } from '../../../helpers/netflow-bytes.ts'

const MINUTE = 60_000_000
const RATE: SamplingAnnouncement = {
  scope: 'sampler',
  value: 7,
  rate: 100,
  source: 'samplingInterval',
  mode: 2,
  algorithm: undefined,
}
const NO_SAMPLING = { rate: undefined, samplerId: undefined, inputIf: undefined, templateId: 256 }

/** The announcements that have to be written. */
function changesOf(samplers: Samplers): readonly string[] {
  return SAMPLER_SCOPES.flatMap((scope) =>
    samplers
      .takeChanges(scope)
      .changed.map(([value, { rate, status }]) => `${scope} ${value}: ${rate} ${status}`),
  )
}

/** The announcement in an options record. */
function announcedBy(scopes: readonly FieldBytes[], ...options: readonly FieldBytes[]) {
  const harness = new DecoderHarness()
  harness.receive(oneOptionsMessage(scopes, options))
  const { samplers } = harness.stream()
  return SAMPLER_SCOPES.flatMap((scope) => samplers.takeChanges(scope).changed).map(
    ([, { scope, value, rate, source, mode, algorithm }]) => ({
      of: `${scope} ${value}`,
      rate,
      source,
      mode,
      algorithm,
    }),
  )
}

describe('an announcement', () => {
  it('is written when it is new or different, and otherwise once in five minutes', () => {
    const samplers = new Samplers()
    samplers.announce(RATE, 0)
    assert.deepEqual(changesOf(samplers), ['sampler 7: 100 confirmed'])
    samplers.announce({ ...RATE }, MINUTE)
    assert.equal(samplers.hasChanges, false)
    samplers.announce({ ...RATE, rate: 200 }, 2 * MINUTE)
    assert.deepEqual(changesOf(samplers), ['sampler 7: 200 confirmed'])
    samplers.announce({ ...RATE, rate: 200 }, 6 * MINUTE)
    assert.equal(samplers.hasChanges, false)
    samplers.announce({ ...RATE, rate: 200 }, 7 * MINUTE)
    assert.deepEqual(changesOf(samplers), ['sampler 7: 200 confirmed'])
  })

  it('from before a restart applies until the next announcement', () => {
    const samplers = new Samplers()
    const seen = { lastSeenMicros: 0, notedMicros: 0, port: 0, before: undefined }
    samplers.restore({ ...RATE, ...seen, status: 'confirmed' })
    assert.equal(samplers.rateOf(NO_SAMPLING), 100)
    assert.deepEqual(changesOf(samplers), ['sampler 7: 100 restored'])
    samplers.unconfirm(MINUTE)
    assert.deepEqual(changesOf(samplers), ['sampler 7: 100 unconfirmed'])
    samplers.announce({ ...RATE }, 2 * MINUTE)
    assert.deepEqual(changesOf(samplers), ['sampler 7: 100 confirmed'])
  })
})

describe('the rate in a message header', () => {
  it('is written with its own scope, and does not apply to other records', () => {
    const samplers = new Samplers()
    samplers.noteHeaderRate(64, 0, 0)
    assert.equal(samplers.isEmpty, true)
    assert.equal(samplers.rateOf(NO_SAMPLING), undefined)
    assert.deepEqual(changesOf(samplers), ['header 0: 64 confirmed'])
    samplers.noteHeaderRate(64, 0, MINUTE)
    assert.equal(samplers.hasChanges, false)
    samplers.noteHeaderRate(32, 0, MINUTE)
    assert.deepEqual(changesOf(samplers), ['header 0: 32 confirmed'])
  })

  it('of v5 is the lower 14 bits; the two upper bits are the mode', () => {
    const harness = new DecoderHarness()
    const header = '0005 0000 00000000 00000000 00000000 00000000 00 00'
    harness.receive(hex(`${header} 4064`))
    const [[, sampler] = []] = harness.stream().samplers.takeChanges('header').changed
    assert.deepEqual([sampler?.rate, sampler?.mode], [100, 1])
    harness.receive(hex(`${header} 8064`))
    const [[, changed] = []] = harness.stream().samplers.takeChanges('header').changed
    assert.deepEqual([changed?.rate, changed?.mode], [100, 2])
    const silent = new DecoderHarness()
    silent.receive(hex(`${header} 0000`))
    assert.equal(silent.stream().samplers.hasChanges, false)
  })
})

describe('the setting of an operator', () => {
  const SETTINGS: SamplingSettings = { override: null, default: null, byteOrder: 'network' }
  const record = { ...NO_SAMPLING, rate: 10, headerRate: 20 }

  it('applies before all other rates, or after all of them', () => {
    const samplers = new Samplers()
    samplers.configure({ ...SETTINGS, default: 5 }, 0)
    assert.equal(samplers.rateOf(NO_SAMPLING), 5)
    assert.equal(samplers.rateOf({ ...NO_SAMPLING, headerRate: 0 }), 5)
    assert.equal(samplers.rateOf({ ...NO_SAMPLING, headerRate: 20 }), 20)
    assert.equal(samplers.rateOf(record), 10)
    samplers.announce(RATE, 0)
    assert.equal(samplers.rateOf({ ...NO_SAMPLING, headerRate: 20 }), 100)
    samplers.configure({ ...SETTINGS, override: 2 ** 25, default: 5 }, 0)
    assert.equal(samplers.rateOf(record), 2 ** 25)
    samplers.configure(SETTINGS, 0)
    assert.equal(samplers.rateOf(record), 10)
  })

  it('is written as configured when it changes, and removed', () => {
    const samplers = new Samplers()
    const settings = { ...SETTINGS, override: 7, default: 5 }
    for (let message = 0; message < 3; message++) samplers.configure(settings, message)
    const [[, sampler] = []] = samplers.takeChanges('override').changed
    assert.deepEqual([sampler?.rate, sampler?.source], [7, 'configured'])
    assert.deepEqual(changesOf(samplers), ['default 0: 5 confirmed'])
    samplers.configure({ ...settings }, 9)
    assert.equal(samplers.hasChanges, false)
    samplers.unconfirm(2 * MINUTE)
    assert.equal(samplers.hasChanges, false)
    samplers.configure(SETTINGS, 10)
    assert.deepEqual(samplers.takeChanges('override').removed, [0])
    assert.equal(samplers.isEmpty, true)
  })

  it('replaces the setting from before a restart of the writer', () => {
    const samplers = new Samplers()
    const seen = {
      lastSeenMicros: 0,
      notedMicros: 0,
      port: 0,
      before: undefined,
      status: 'confirmed',
    } as const
    const configured = { ...RATE, ...seen, value: 0, source: 'configured', mode: undefined }
    samplers.restore({ ...configured, scope: 'override' })
    samplers.restore({ ...configured, scope: 'default' })
    assert.equal(samplers.hasChanges, false)
    samplers.configure({ ...SETTINGS, default: RATE.rate }, 0)
    assert.deepEqual(samplers.takeChanges('default'), { changed: [], removed: [] })
    assert.deepEqual(samplers.takeChanges('override').removed, [0])
  })
})

describe('options records announce', () => {
  const SYSTEM: readonly FieldBytes[] = [[1, '00000000']]

  it('the scope of a rate, and the elements that held it', () => {
    assert.deepEqual(announcedBy(SYSTEM, [48, '03'], [50, '0064'], [49, '02']), [
      {
        of: 'sampler 3',
        rate: 100,
        source: 'samplerRandomInterval',
        mode: 2,
        algorithm: undefined,
      },
    ])
    assert.deepEqual(announcedBy([[2, '00000005']], [34, '0064'], [35, '01']), [
      { of: 'interface 5', rate: 100, source: 'samplingInterval', mode: 1, algorithm: undefined },
    ])
    assert.deepEqual(announcedBy([[5, '0100']], [305, '00000001'], [306, '00000063']), [
      {
        of: 'template 256',
        rate: 100,
        source: 'samplingPacketInterval, samplingPacketSpace',
        mode: undefined,
        algorithm: undefined,
      },
    ])
    assert.deepEqual(announcedBy(SYSTEM, [304, '0003'], [309, '0001'], [310, '0064']), [
      {
        of: 'domain 0',
        rate: 100,
        source: 'samplingSize, samplingPopulation',
        mode: undefined,
        algorithm: 3,
      },
    ])
  })

  it('nothing with numbers that do not fit the table', () => {
    const huge = 'ffffffffffffffff'
    const [announced] = announcedBy(SYSTEM, [302, huge], [34, '0064'], [35, '0100'], [304, huge])
    assert.deepEqual(announced, {
      of: 'domain 0',
      rate: 100,
      source: 'samplingInterval',
      mode: undefined,
      algorithm: undefined,
    })
  })
})

describe('samplers of exporters behind one address', () => {
  const SETTINGS: SamplingSettings = { override: 7, default: null, byteOrder: 'little' }
  const one = { nowMicros: 0, port: 5000 }
  const other = { nowMicros: 1, port: 6000 }

  function announce(samplers: Samplers, rate: number, by: typeof one): void {
    samplers.announce({ ...RATE, scope: 'domain', value: 0, rate }, by.nowMicros, by.port)
  }

  it('go to the one that has announced them, and the rate before is in force again', () => {
    const shared = new Samplers()
    announce(shared, 1000, one)
    announce(shared, 50, other)
    const own = new Samplers(undefined, shared)
    shared.moveTo(own, 6000)
    assert.deepEqual([shared.rateOf(NO_SAMPLING), own.rateOf(NO_SAMPLING)], [1000, 50])
  })

  it('go to the one that has announced them before the last', () => {
    const shared = new Samplers()
    announce(shared, 50, other)
    announce(shared, 1000, one)
    announce(shared, 1001, one)
    const own = new Samplers(undefined, shared)
    shared.moveTo(own, 6000)
    assert.deepEqual([shared.rateOf(NO_SAMPLING), own.rateOf(NO_SAMPLING)], [1001, 50])
  })

  it('go to both that have announced the same', () => {
    const shared = new Samplers()
    announce(shared, 1000, one)
    announce(shared, 1000, other)
    const own = new Samplers(undefined, shared)
    shared.moveTo(own, 6000)
    assert.deepEqual([shared.rateOf(NO_SAMPLING), own.rateOf(NO_SAMPLING)], [1000, 1000])
  })

  it('share the settings of the operator, which are written once', () => {
    const shared = new Samplers()
    const own = new Samplers(undefined, shared)
    shared.configure(SETTINGS, 0)
    assert.deepEqual([own.rateOf(NO_SAMPLING), own.byteOrder], [7, 'little'])
    assert.equal(own.hasChanges, false)
    assert.equal(own.isEmpty, false)
    assert.deepEqual(changesOf(shared), ['override 0: 7 confirmed'])
  })

  it('remember what was announced before only as long as it may matter', () => {
    const shared = new Samplers()
    for (let turn = 0; turn < 10; turn++) announce(shared, 10 + turn, turn % 2 ? one : other)
    const own = new Samplers(undefined, shared)
    shared.moveTo(own, 6000)
    shared.moveTo(own, 5000)
    assert.equal(shared.isEmpty, true)
  })
})
