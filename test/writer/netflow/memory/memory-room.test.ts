/** The memory of all streams together is bounded, and entries in it stay. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecodeResult } from '../../../../writer/netflow/decode-result.ts'
import { STANDARD_ELEMENTS } from '../../../../writer/netflow/elements/element-registry.ts'
import { MAX_NAMED_BYTES, MAX_TEMPLATE_BYTES } from '../../../../writer/netflow/limits.ts'
import { BoundedMap } from '../../../../writer/netflow/memory/bounded-map.ts'
import {
  createMemoryRooms,
  MemoryRoom,
  type MemoryRooms,
} from '../../../../writer/netflow/memory/memory-room.ts'
import { StreamMemory } from '../../../../writer/netflow/memory/stream-memory.ts'
import { createTemplate, type Template } from '../../../../writer/netflow/memory/template.ts'
import { TrackedMap } from '../../../../writer/netflow/memory/tracked-map.ts'
import { viewDatagramBytes } from '../../../../writer/netflow/plan/read-bytes.ts'
import { DataSets } from '../../../../writer/netflow/records/data-sets.ts'
import { defineTemplate } from '../../../../writer/netflow/versions/template-sets.ts'

const NAME_BYTES = 300
const TEMPLATE_BYTES = 5_110

function streamOf(observationDomain: number, rooms: MemoryRooms): StreamMemory {
  return new StreamMemory(
    {
      exporter: '192.0.2.1',
      exporterBytes: Uint8Array.of(192, 0, 2, 1),
      exportVersion: 9,
      observationDomain,
    },
    rooms,
  )
}

function templateOf(id: number): Template {
  return createTemplate(id, [{ enterprise: 0, id: 1, length: 4 }])
}

/** Rooms for two templates of one field, and two names. */
function smallRooms(): MemoryRooms {
  return {
    templates: new MemoryRoom(2 * TEMPLATE_BYTES),
    names: new MemoryRoom(2 * NAME_BYTES),
  }
}

describe('the memory of all streams', () => {
  it('holds MAX_TEMPLATE_BYTES of templates and, separately, MAX_NAMED_BYTES of names', () => {
    const { templates, names } = createMemoryRooms()
    assert.equal(templates.take(MAX_TEMPLATE_BYTES), true)
    assert.equal(templates.take(1), false)
    assert.equal(names.take(MAX_NAMED_BYTES), true)
    assert.equal(names.take(1), false)
    templates.give(1)
    assert.equal(templates.take(1), true)
  })

  it('refuses the templates of a new stream when it is full, and reports this', () => {
    const rooms = smallRooms()
    const [old, late] = [streamOf(1, rooms), streamOf(2, rooms)]
    old.define(templateOf(256))
    old.define(templateOf(257))
    const result = new DecodeResult()
    const datagram = viewDatagramBytes(Buffer.alloc(4))
    const sets = new DataSets(result, datagram, STANDARD_ELEMENTS)
    const { exporterBytes, observationDomain, exportVersion } = late
    const message = { receivedAtMicros: 0, exporterBytes, observationDomain, exportVersion }
    sets.decode(256, { datagram, offset: 0, end: 4 }, late, message)
    defineTemplate(templateOf(256), { sets, stream: late, message })
    assert.deepEqual(
      result.problems.map(({ code }) => code),
      ['no-template', 'no-room-for-template'],
    )
    assert.deepEqual([result.releasedSets, sets.heldSets.count], [0, 1])
    assert.equal(late.template(256), undefined)
    assert.equal(rooms.templates.refusals, 1)
    assert.equal(old.templates.size, 2)
  })

  it('lets a stream displace its own oldest template, redefine, and free room', () => {
    const rooms = smallRooms()
    const [one, other] = [streamOf(1, rooms), streamOf(2, rooms)]
    one.define(templateOf(256))
    one.define(templateOf(257))
    assert.equal(one.define(templateOf(258)), 'new')
    assert.deepEqual([one.template(256), one.templates.size], [undefined, 2])
    const wider = createTemplate(258, [{ enterprise: 0, id: 2, length: 4 }])
    assert.equal(one.define(wider), 'changed')
    assert.equal(one.define(wider), 'refreshed')
    assert.equal(rooms.templates.usedBytes, 2 * TEMPLATE_BYTES)
    one.forget(257)
    assert.equal(other.define(templateOf(256)), 'new')
    one.forget(258)
    other.forget(256)
    assert.equal(rooms.templates.usedBytes, 0)
  })

  it('neither keeps nor writes a name without room', () => {
    const rooms = smallRooms()
    const [one, other] = [streamOf(1, rooms), streamOf(2, rooms)]
    one.interfaceNames.set(1, 'a').set(2, 'b').set(3, 'c')
    assert.deepEqual(
      [...one.interfaceNames],
      [
        [2, 'b'],
        [3, 'c'],
      ],
    )
    other.interfaceNames.set(1, 'd')
    other.applicationNames.restore('x', 'y')
    assert.equal(other.interfaceNames.size + other.applicationNames.size, 0)
    assert.equal(other.interfaceNames.hasChanges, false)
    assert.equal(rooms.names.refusals, 2)
    one.interfaceNames.set(3, 'e')
    one.interfaceNames.delete(2)
    other.interfaceNames.set(1, 'd')
    assert.deepEqual(other.interfaceNames.takeChanges(), { changed: [[1, 'd']], removed: [] })
    assert.equal(rooms.names.usedBytes, 2 * NAME_BYTES)
  })

  it('counts an entry once if it is renewed, restored or displaced by its limit', () => {
    const room = new MemoryRoom(10 * NAME_BYTES)
    const tracked = new TrackedMap<number, string>(2, room)
    tracked.restore(1, 'a')
    tracked.restore(1, 'a')
    tracked.renew(1)
    tracked.set(2, 'b').set(3, 'c')
    assert.equal(room.usedBytes, 2 * NAME_BYTES)
    const bounded = new BoundedMap<number, string>(1, room)
    bounded.set(1, 'a').set(1, 'b').set(2, 'c')
    bounded.delete(7)
    assert.equal(room.usedBytes, 3 * NAME_BYTES)
  })
})
