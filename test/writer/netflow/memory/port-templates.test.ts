/** Templates of exporters behind one address: who may use which definition. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_PORTS_PER_STREAM } from '../../../../writer/netflow/limits.ts'
import { createTemplate, type Template } from '../../../../writer/netflow/memory/template.ts'
import { Templates } from '../../../../writer/netflow/memory/templates.ts'

const SECOND = 1_000_000
const DAY = 86_400 * SECOND

function templateOf(id: number, ...elements: readonly number[]): Template {
  return createTemplate(
    id,
    elements.map((element) => ({ enterprise: 0, id: element, length: 4 })),
  )
}

const COUNTS = {
  dataRecords: 3,
  optionsRecords: 0,
  releasedOptions: 0,
  waitingSets: 0,
  uncountedSets: 0,
}
const BYTES = templateOf(256, 1)
const PACKETS = templateOf(256, 2)
const OTHER = templateOf(300, 3)

/** Templates that are defined message by message, a second each. */
class Conversation {
  readonly templates: Templates
  /** Templates that were found to be defined differently by two ports. */
  readonly splits: number[] = []
  nowMicros = 0
  /** v9 numbers, by exporter. */
  readonly #sequences = new Map<string, number>()

  constructor(templates = new Templates()) {
    this.templates = templates
  }

  /** Takes a message of an exporter that counts its messages. */
  send(port: number, definition?: Template, exporter = `port ${port}`) {
    const sequence = this.#sequences.get(exporter) ?? exporter.length * 1_000_003 + port
    this.#sequences.set(exporter, sequence + 1)
    this.nowMicros += SECOND
    const splitId = this.templates.arrive(this.nowMicros, port, sequence)
    if (splitId !== undefined) this.splits.push(splitId)
    const change = definition && this.templates.define(definition)
    this.templates.note({ ...COUNTS, templateRecords: definition ? 1 : 0 })
    return change
  }

  /** The templates of ports for an id. */
  of(id: number, ...ports: readonly number[]) {
    return ports.map((port) => this.templates.find(id, port)?.template)
  }

  /** Restores the templates as a writer does that starts again. */
  restart(): Conversation {
    const rows = this.templates.takeChanges().changed.map(([, known]) => known)
    const restored = new Templates()
    rows.sort((one, other) => one.lastSeenMicros - other.lastSeenMicros)
    for (const known of rows) restored.restore({ ...known })
    const again = new Conversation(restored)
    again.nowMicros = this.nowMicros
    return again
  }

  /** Ids and source ports of the rows. */
  get rows() {
    return this.templates
      .takeChanges()
      .changed.map(([{ templateId, sourcePort }, { isContradicted }]) =>
        [templateId, sourcePort, isContradicted].join(' '),
      )
      .sort()
  }
}

describe('a template that another port redefines', () => {
  it('is in force for each port as it has defined it, from the first time on', () => {
    const stream = new Conversation()
    assert.equal(stream.send(5000, BYTES), 'new')
    assert.equal(stream.send(6000, PACKETS), 'changed')
    assert.deepEqual(stream.of(256, 5000, 6000), [BYTES, PACKETS])
    assert.deepEqual(stream.splits, [])
    stream.send(5000)
    assert.deepEqual(stream.splits, [256])
    stream.send(5000)
    assert.deepEqual(stream.splits, [256])
    assert.deepEqual(stream.rows, ['256 5000 true', '256 6000 true'])
  })

  it('is unknown for a third port as soon as both are heard', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000, PACKETS)
    stream.send(5000)
    assert.deepEqual(stream.of(256, 7000), [undefined])
  })

  it('leaves the templates alone that nobody contradicts', () => {
    const stream = new Conversation()
    stream.send(5000, OTHER)
    stream.send(5000, BYTES)
    stream.send(6000, PACKETS)
    stream.send(5000)
    assert.deepEqual(stream.of(300, 5000, 6000, 7000), [OTHER, OTHER, OTHER])
    assert.deepEqual(stream.rows, ['256 5000 true', '256 6000 true', '300 0 false'])
  })

  it('stays that of every port that has sent it', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000, templateOf(256, 1))
    stream.send(6000, PACKETS)
    stream.send(5000)
    assert.deepEqual(stream.of(256, 5000, 6000), [BYTES, PACKETS])
  })

  it('is kept apart after a restart of the writer, too', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000, PACKETS)
    stream.send(5000)
    const again = stream.restart()
    assert.deepEqual(again.of(256, 5000, 6000, 7000), [BYTES, PACKETS, undefined])
    assert.deepEqual([...again.templates.newcomers], [6000])
  })

  it('is kept for its port when the writer restarts before the redefinition', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    const again = stream.restart()
    again.send(6000, PACKETS)
    again.send(5000)
    assert.deepEqual(again.of(256, 5000, 6000), [BYTES, PACKETS])
  })

  it('is shared again when the ports agree', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000, PACKETS)
    stream.send(5000)
    stream.send(5000, templateOf(256, 2))
    assert.equal(stream.templates.isByPort, false)
    assert.deepEqual(stream.rows, ['256 0 false'])
    assert.equal(stream.of(256, 7000)[0]?.fields[0]?.id, 2)
  })

  it('is not forgotten for the others when its redefinition is invalid', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000)
    stream.templates.forget(256)
    assert.deepEqual(stream.of(256, 5000, 6000), [BYTES, undefined])
    stream.send(6000, PACKETS)
    assert.deepEqual(stream.of(256, 5000, 6000), [BYTES, PACKETS])
  })
})

describe('an exporter that moves to another port', () => {
  it('redefines its templates for every port', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(5000, OTHER)
    stream.send(6000, PACKETS)
    for (let message = 0; message < 5; message++) stream.send(6000)
    assert.deepEqual(stream.of(256, 6000, 7000), [PACKETS, PACKETS])
    assert.deepEqual(stream.of(300, 6000), [OTHER])
    assert.deepEqual(stream.splits, [])
    assert.equal(stream.templates.newcomers.size, 0)
  })

  it('leaves nothing behind after a day', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000, PACKETS)
    for (let message = 0; message < 100; message++) stream.send(6000)
    stream.send(6000, templateOf(256, 2))
    assert.equal(stream.templates.isByPort, true)
    stream.nowMicros += DAY
    stream.send(6000, templateOf(256, 2))
    assert.equal(stream.templates.isByPort, false)
    assert.equal(stream.templates.size, 1)
  })

  it('redefines its templates plainly when the old port was silent for a day', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    for (let message = 0; message < 100; message++) stream.send(6000)
    stream.nowMicros += DAY
    assert.equal(stream.send(6000, PACKETS), 'changed')
    assert.equal(stream.templates.isByPort, false)
  })

  it('is not taken for gone because the clock was set', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.nowMicros += 2 * DAY
    stream.send(6000, PACKETS)
    stream.send(5000)
    assert.deepEqual(stream.of(256, 5000, 6000), [BYTES, PACKETS])
  })
})

describe('an exporter that sends from several ports', () => {
  const PORTS = [5000, 5001, 5002, 5003] as const

  function spread(stream: Conversation, messages: number, definition?: Template) {
    for (let message = 0; message < messages; message++) {
      stream.send(PORTS[(message * 7) % 4] as number, definition, 'one')
    }
  }

  it('uses the templates of one of them on all, also when somebody contradicts them', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES, 'one')
    spread(stream, 12)
    stream.send(9000, PACKETS)
    spread(stream, 12)
    assert.deepEqual(stream.of(256, ...PORTS, 9000), [BYTES, BYTES, BYTES, BYTES, PACKETS])
    assert.deepEqual([...stream.templates.newcomers], [9000])
  })

  it('redefines a template from any of them', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES, 'one')
    spread(stream, 12)
    stream.send(5002, PACKETS, 'one')
    spread(stream, 4)
    assert.deepEqual(stream.of(256, ...PORTS), [PACKETS, PACKETS, PACKETS, PACKETS])
    assert.equal(stream.templates.isByPort, false)
  })

  it('redefines it so while another exporter has one of its own', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES, 'one')
    spread(stream, 12)
    stream.send(9000, PACKETS)
    spread(stream, 4)
    stream.send(5001, templateOf(256, 4), 'one')
    spread(stream, 4)
    const elements = stream.of(256, ...PORTS, 9000).map((template) => template?.fields[0]?.id)
    assert.deepEqual(elements, [4, 4, 4, 4, 2])
  })

  it('keeps its templates when a translation of addresses gives it another port', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES, 'one')
    stream.send(9000, PACKETS)
    for (let message = 0; message < 4; message++) {
      stream.send(5000, undefined, 'one')
      stream.send(9000)
    }
    stream.send(5555, undefined, 'one')
    assert.deepEqual(stream.of(256, 5555), [BYTES])
  })
})

describe('a flood of ports', () => {
  it('keeps the templates of the ports that export, and displaces its own', () => {
    const stream = new Conversation()
    stream.send(5000, BYTES)
    stream.send(6000, PACKETS)
    for (let message = 0; message < 20; message++) stream.send(message % 2 ? 5000 : 6000)
    for (let port = 10_000; port < 12_000; port++) {
      if (port % 100 === 0) stream.send(port % 200 ? 5000 : 6000)
      stream.send(port, templateOf(256, 5 + (port % 100)))
      stream.send(port, templateOf(257, 5 + (port % 100)))
    }
    assert.equal(stream.templates.ports.size, MAX_PORTS_PER_STREAM)
    assert.ok(stream.templates.size <= 2 * MAX_PORTS_PER_STREAM)
    assert.deepEqual(stream.of(256, 5000, 6000), [BYTES, PACKETS])
  })
})
