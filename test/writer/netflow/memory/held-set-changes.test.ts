/** Changes of held sets that have to be written, and their restoration. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_HELD_BYTES_PER_EXPORTER } from '../../../../writer/netflow/limits.ts'
import { type HeldSet, HeldSets } from '../../../../writer/netflow/memory/held-sets.ts'
import { StreamMemory } from '../../../../writer/netflow/memory/stream-memory.ts'
import { DecoderHarness } from '../../../helpers/decoder-harness.ts'
import { set, template, v9Message } from '../../../helpers/netflow-bytes.ts'

const STREAM = new StreamMemory({
  exporter: '192.0.2.1',
  exporterBytes: Uint8Array.of(192, 0, 2, 1),
  exportVersion: 9,
  observationDomain: 7,
})

function heldSet(changes: Partial<HeldSet> = {}): HeldSet {
  return {
    stream: STREAM,
    templateId: 256,
    content: Buffer.alloc(4),
    message: {
      receivedAtMicros: 0,
      exporterBytes: STREAM.exporterBytes,
      observationDomain: 7,
      exportVersion: 9,
    },
    sequence: 0,
    exportMicros: 0,
    uptimeMs: 0,
    sourcePort: 5000,
    ...changes,
  }
}

describe('held sets that have to be written', () => {
  it('are returned once, with ids in the order of arrival', () => {
    const heldSets = new HeldSets()
    const [first, second, third] = [heldSet(), heldSet(), heldSet()]
    heldSets.hold(first)
    heldSets.hold(second)
    assert.ok(heldSets.unwrittenBytes > 0)
    assert.deepEqual(heldSets.takeChanges(), {
      held: [
        { id: 1, set: first },
        { id: 2, set: second },
      ],
      gone: [],
    })
    assert.equal(heldSets.unwrittenBytes, 0)
    heldSets.hold(third)
    assert.deepEqual(heldSets.takeChanges(), { held: [{ id: 3, set: third }], gone: [] })
  })

  it('leave no change when they are released first', () => {
    const heldSets = new HeldSets()
    heldSets.hold(heldSet())
    heldSets.release(STREAM, 256)
    assert.equal(heldSets.unwrittenBytes, 0)
    assert.deepEqual(heldSets.takeChanges(), { held: [], gone: [] })
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(256, '00000001'), set(0, template(256, [[1, 4]]))))
    assert.deepEqual(harness.decoder.heldSets.takeChanges(), { held: [], gone: [] })
  })

  it('have their rows removed when they are released, evicted or too old', () => {
    const heldSets = new HeldSets()
    for (const templateId of [256, 257]) heldSets.hold(heldSet({ templateId }))
    heldSets.takeChanges()
    heldSets.release(STREAM, 256)
    assert.deepEqual(heldSets.takeChanges().gone, [1])
    heldSets.expire(Number.MAX_SAFE_INTEGER)
    assert.deepEqual(heldSets.takeChanges().gone, [2])
    const large = { content: Buffer.alloc(MAX_HELD_BYTES_PER_EXPORTER - 10_000) }
    heldSets.hold(heldSet(large))
    heldSets.takeChanges()
    heldSets.hold(heldSet({ content: Buffer.alloc(20_000) }))
    assert.deepEqual(heldSets.takeChanges().gone, [3])
  })

  it('are released only for the source ports that their template is in force for', () => {
    const heldSets = new HeldSets()
    const [mine, other] = [heldSet(), heldSet({ sourcePort: 6000 })]
    heldSets.hold(mine)
    heldSets.hold(other)
    assert.deepEqual(
      heldSets.release(STREAM, 256, (port) => port === 5000),
      [mine],
    )
    assert.deepEqual(heldSets.release(STREAM, 256), [other])
  })
})

describe('held sets from before a restart', () => {
  it('keep their ids, are not written again, and come before later ones', () => {
    const heldSets = new HeldSets()
    const [first, second, third] = [heldSet(), heldSet(), heldSet()]
    heldSets.restore(40, first)
    heldSets.restore(41, second)
    heldSets.hold(third)
    assert.deepEqual(heldSets.takeChanges(), { held: [{ id: 42, set: third }], gone: [] })
    assert.deepEqual(heldSets.release(STREAM, 256), [first, second, third])
    assert.deepEqual(heldSets.takeChanges(), { held: [], gone: [40, 41, 42] })
  })

  it('stay within the limits, the oldest out first', () => {
    const heldSets = new HeldSets()
    const content = Buffer.alloc(60_000)
    const evicted: HeldSet[] = []
    const sets = Array.from({ length: 200 }, () => heldSet({ content }))
    for (const [index, set] of sets.entries()) evicted.push(...heldSets.restore(index + 1, set))
    assert.ok(heldSets.bytes <= MAX_HELD_BYTES_PER_EXPORTER)
    assert.ok(evicted.length > 100)
    assert.deepEqual(evicted, sets.slice(0, evicted.length))
    const { gone } = heldSets.takeChanges()
    assert.deepEqual(
      gone,
      evicted.map((_, index) => index + 1),
    )
  })

  it('that can no longer be decoded have their rows removed', () => {
    const heldSets = new HeldSets()
    heldSets.discard(40)
    const set = heldSet()
    heldSets.hold(set)
    assert.deepEqual(heldSets.takeChanges(), { held: [{ id: 41, set }], gone: [40] })
  })
})
