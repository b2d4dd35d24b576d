/** Tests how long a datagram is held. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeldDatagrams } from '../../../writer/streams/held-datagrams.ts'
import { messageOf } from '../load/sample-rows.ts'

const FIRST = { exporter: '192.0.2.1', number: 1, heldAtMs: 1_000 }
const SECOND = { exporter: '192.0.2.2', number: 2, heldAtMs: 1_000 }

describe('a datagram with sets that wait', () => {
  it('is held until the last of them is decoded', () => {
    const held = new HeldDatagrams()
    const message = messageOf()
    held.hold(message, FIRST, 2)
    held.hold(messageOf(), SECOND)
    assert.equal(held.count, 2)
    assert.equal(held.numberOf(message), 1)
    assert.equal(held.release(message), false)
    assert.equal(held.release(message), true)
    assert.equal(held.release(message), false)
    assert.deepEqual([...held.countByExporter()], [['192.0.2.2', 1]])
    assert.deepEqual(held.takeExpired(), [])
  })

  it('expires when the first of them is given up, even if the others are decoded later', () => {
    const held = new HeldDatagrams()
    const message = messageOf()
    held.hold(message, FIRST, 3)
    assert.equal(held.release(message), false)
    assert.equal(held.expire(message), true)
    assert.equal(held.expire(message), false)
    assert.equal(held.release(message), false)
    assert.equal(held.numberOf(message), undefined)
    assert.deepEqual(held.takeExpired(), [1])
    assert.deepEqual(held.takeExpired(), [])
  })

  it('is not in the list of expired datagrams when no other set waits', () => {
    const held = new HeldDatagrams()
    const message = messageOf()
    held.hold(message, FIRST)
    assert.equal(held.expire(message), true)
    assert.deepEqual(held.takeExpired(), [])
  })

  it('is restored set by set', () => {
    const held = new HeldDatagrams()
    const message = messageOf()
    held.hold(message, FIRST)
    held.hold(message, FIRST)
    assert.equal(held.count, 1)
    assert.equal(held.release(message), false)
    assert.equal(held.release(message), true)
  })
})
