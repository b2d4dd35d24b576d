/** Tests who is admitted as an exporter, and which facts the registry keeps about each. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SamplingSettings } from '../../../writer/netflow/memory/samplers.ts'
import { AllowList } from '../../../writer/streams/allow-list.ts'
import {
  ExporterRegistry,
  type ExporterRegistryOptions,
} from '../../../writer/streams/exporter-registry.ts'

function registry(options: Partial<ExporterRegistryOptions> & { allow?: string[] } = {}) {
  const { allow = [], policy = 'open', maxExporters = 10 } = options
  return new ExporterRegistry({ allowList: new AllowList(allow), policy, maxExporters })
}

const UNSET: SamplingSettings = { override: null, default: null, byteOrder: 'network' }

function row(address: string, enabled: boolean, sampling = UNSET, sequenceCheck = 'auto') {
  return { address, enabled, sampling, sequenceCheck, firstSeenMicros: 5, lastSeenMicros: 7 }
}

describe('the registry of exporters', () => {
  it('registers a new exporter at its first datagram', () => {
    assert.deepEqual(registry().admit('192.0.2.1', 1_000), {
      address: '192.0.2.1',
      bytes: Uint8Array.of(192, 0, 2, 1),
      enabled: true,
      sampling: UNSET,
      sequenceCheck: 'auto',
      firstSeenMicros: 1_000,
      lastSeenMicros: 1_000,
    })
  })

  it('keeps the first and the last time of an exporter, even if times go back', () => {
    const exporters = registry()
    const first = exporters.admit('192.0.2.1', 1_000)
    exporters.admit('192.0.2.1', 3_000)
    const again = exporters.admit('192.0.2.1', 2_000)
    assert.equal(again, first)
    assert.ok(typeof again === 'object')
    assert.equal(again.firstSeenMicros, 1_000)
    assert.equal(again.lastSeenMicros, 3_000)
  })

  it('recognises one exporter in different notations of its address', () => {
    const exporters = registry()
    const first = exporters.admit('2001:db8::1', 1_000)
    assert.equal(exporters.admit('2001:DB8:0:0:0:0:0:1', 2_000), first)
    assert.equal(exporters.admit('192.0.2.1', 1), exporters.admit('::ffff:192.0.2.1', 1))
    assert.equal(exporters.size, 2)
  })

  it('refuses a text that is no address', () => {
    const exporters = registry()
    assert.equal(exporters.admit('router', 1), 'invalid-address')
    assert.equal(exporters.size, 0)
  })

  it('refuses addresses that are not on the allow list, and does not register them', () => {
    const exporters = registry({ allow: ['10.0.0.0/8'] })
    assert.equal(exporters.admit('192.0.2.1', 1), 'not-allowed')
    assert.equal(typeof exporters.admit('10.1.2.3', 1), 'object')
    assert.equal(typeof exporters.admit('::ffff:10.1.2.4', 1), 'object')
    assert.equal(exporters.size, 2)
  })

  it('refuses new exporters beyond the limit, while known ones go on', () => {
    const exporters = registry({ maxExporters: 2 })
    exporters.admit('192.0.2.1', 1)
    exporters.admit('192.0.2.2', 1)
    assert.equal(exporters.admit('192.0.2.3', 1), 'too-many')
    assert.equal(typeof exporters.admit('192.0.2.1', 2), 'object')
    assert.equal(exporters.size, 2)
  })

  it('registers new exporters disabled under the policy known', () => {
    const exporters = registry({ policy: 'known' })
    const exporter = exporters.admit('192.0.2.1', 1)
    assert.ok(typeof exporter === 'object')
    assert.equal(exporter.enabled, false)
    exporters.update([row('192.0.2.1', true)])
    assert.equal(exporter.enabled, true)
  })

  it('adds the exporters of the database with their times', () => {
    const exporters = registry({ policy: 'known' })
    assert.deepEqual(exporters.update([row('192.0.2.1', true), row('2001:DB8::1', false)]), [])
    assert.deepEqual(exporters.admit('192.0.2.1', 9), {
      address: '192.0.2.1',
      bytes: Uint8Array.of(192, 0, 2, 1),
      enabled: true,
      sampling: UNSET,
      sequenceCheck: 'auto',
      firstSeenMicros: 5,
      lastSeenMicros: 9,
    })
    const other = exporters.admit('2001:db8::1', 9)
    assert.ok(typeof other === 'object')
    assert.equal(other.enabled, false)
  })

  it('returns the exporters that an update enabled or disabled', () => {
    const exporters = registry()
    const exporter = exporters.admit('192.0.2.1', 1)
    exporters.admit('192.0.2.2', 1)
    assert.deepEqual(exporters.update([row('192.0.2.1', false), row('192.0.2.2', true)]), [
      exporter,
    ])
    assert.deepEqual(exporters.update([row('192.0.2.1', false)]), [])
  })

  it('applies the sampling settings of the operator, as a new object only when they change', () => {
    const exporters = registry()
    const exporter = exporters.admit('192.0.2.1', 1)
    assert.ok(typeof exporter === 'object')
    assert.deepEqual(exporter.sampling, UNSET)
    const { sampling } = exporter
    assert.deepEqual(exporters.update([row('192.0.2.1', true, { ...UNSET })]), [])
    assert.equal(exporter.sampling, sampling)
    for (const change of [{ override: 100 }, { default: 10 }, { byteOrder: 'little' as const }]) {
      const changed = { ...UNSET, ...change }
      assert.deepEqual(exporters.update([row('192.0.2.1', true, changed)]), [exporter])
      assert.equal(exporter.sampling, changed)
    }
  })

  it('skips exporters of the database that the allow list no longer has', () => {
    const exporters = registry({ allow: ['10.0.0.0/8'] })
    exporters.update([row('192.0.2.1', true), row('10.0.0.1', true)])
    assert.equal(exporters.size, 1)
    assert.equal(exporters.admit('192.0.2.1', 1), 'not-allowed')
  })
})
