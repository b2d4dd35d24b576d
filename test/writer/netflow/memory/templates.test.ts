/** The history of templates: confirmed, redefined, contradicted, restored. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_FIELDS_PER_STREAM,
  MAX_TEMPLATES_PER_STREAM,
} from '../../../../writer/netflow/limits.ts'
import type { KnownTemplate } from '../../../../writer/netflow/memory/known-template.ts'
import {
  createTemplate,
  hashDefinition,
  type Template,
} from '../../../../writer/netflow/memory/template.ts'
import { Templates } from '../../../../writer/netflow/memory/templates.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND

function templateOf(id: number, ...elements: readonly number[]): Template {
  return createTemplate(
    id,
    elements.map((element) => ({ enterprise: 0, id: element, length: 4 })),
  )
}

const COUNTS = {
  dataRecords: 1,
  optionsRecords: 0,
  releasedOptions: 0,
  templateRecords: 0,
  waitingSets: 0,
  uncountedSets: 0,
}
const BYTES = templateOf(256, 1)
const PACKETS = templateOf(256, 2)

/** The parts of `takeChanges` that tests look at. */
function changesOf(templates: Templates) {
  const { changed, removed } = templates.takeChanges()
  return {
    changed: changed.map(([{ templateId, sourcePort }, { status, redefinitions }]) => ({
      templateId,
      sourcePort,
      status,
      redefinitions,
    })),
    removed,
  }
}

function storedTemplate(template: Template, changes: Partial<KnownTemplate> = {}): KnownTemplate {
  return {
    template,
    sourcePort: 0,
    status: 'confirmed',
    firstSeenMicros: 0,
    definedMicros: 0,
    lastSeenMicros: 0,
    notedMicros: 0,
    redefinitions: 0,
    previousHash: '',
    alternations: 0,
    ports: [],
    isContradicted: false,
    ...changes,
  }
}

describe('a template that is repeated', () => {
  it('is written once in five minutes', () => {
    const templates = new Templates()
    const written: number[] = []
    for (let second = 0; second <= 600; second += 30) {
      templates.arrive(second * SECOND, 0)
      templates.define(templateOf(256, 1))
      if (templates.takeChanges().changed.length > 0) written.push(second)
    }
    assert.deepEqual(written, [0, 300, 600])
    assert.equal(templates.find(256, 0)?.firstSeenMicros, 0)
    assert.equal(templates.find(256, 0)?.lastSeenMicros, 600 * SECOND)
  })

  it('keeps its plan', () => {
    const templates = new Templates()
    templates.define(BYTES)
    assert.equal(templates.define(templateOf(256, 1)), 'refreshed')
    assert.equal(templates.get(256), BYTES)
  })
})

describe('a template that is redefined', () => {
  it('is counted up to the largest number that its column holds', () => {
    const templates = new Templates()
    templates.restore(storedTemplate(BYTES, { redefinitions: 2 ** 31 - 2 }))
    templates.define(PACKETS)
    assert.equal(templates.find(256, 0)?.redefinitions, 2 ** 31 - 1)
    templates.define(BYTES)
    assert.equal(templates.find(256, 0)?.redefinitions, 2 ** 31 - 1)
  })

  it('counts its definitions, and keeps the hash of the previous one', () => {
    const templates = new Templates()
    templates.arrive(MINUTE, 0)
    assert.equal(templates.define(BYTES), 'new')
    templates.arrive(2 * MINUTE, 0)
    assert.equal(templates.define(PACKETS), 'changed')
    const known = templates.find(256, 0)
    assert.equal(known?.redefinitions, 1)
    assert.equal(known?.previousHash, hashDefinition(BYTES))
    assert.deepEqual([known?.firstSeenMicros, known?.definedMicros], [MINUTE, 2 * MINUTE])
    assert.deepEqual(changesOf(templates), {
      changed: [{ templateId: 256, sourcePort: 0, status: 'confirmed', redefinitions: 1 }],
      removed: [],
    })
  })

  it('by an invalid one is forgotten, in the table, too', () => {
    const templates = new Templates()
    templates.define(BYTES)
    templates.takeChanges()
    templates.forget(256)
    assert.deepEqual(changesOf(templates), {
      changed: [],
      removed: [{ templateId: 256, sourcePort: 0 }],
    })
  })

  it('has another hash if any compared part differs', () => {
    const fields = [{ enterprise: 0, id: 1, length: 4 }]
    const hashes = [
      createTemplate(256, fields),
      createTemplate(256, fields, { scopeFields: 0 }),
      createTemplate(256, fields, { scopeFields: 1 }),
      createTemplate(256, [{ enterprise: 9, id: 1, length: 4 }]),
      createTemplate(256, [{ enterprise: 0, id: 4, length: 1 }]),
      createTemplate(256, [...fields, ...fields]),
      createTemplate(256, []),
    ].map(hashDefinition)
    assert.equal(new Set(hashes).size, hashes.length)
    assert.equal(hashDefinition(createTemplate(300, fields)), hashes[0])
    for (const hash of hashes) assert.match(hash, /^[0-9a-f]{16}$/)
  })
})

describe('two alternating definitions of one template', () => {
  /** Defines both in turn from one port, and returns the changes. */
  function alternate(stepMicros: number) {
    const templates = new Templates()
    const changes = Array.from({ length: 10 }, (_, turn) => {
      templates.arrive(turn * stepMicros, 5000)
      return templates.define(turn % 2 === 0 ? BYTES : PACKETS)
    })
    return { templates, changes }
  }

  it('from one port are reported from the fourth return on, and are still in force in turn', () => {
    const { templates, changes } = alternate(10 * MINUTE)
    assert.deepEqual(changes.slice(0, 4), ['new', 'changed', 'changed', 'changed'])
    assert.deepEqual(new Set(changes.slice(4)), new Set(['contradicting']))
    assert.equal(templates.get(256), PACKETS)
    assert.equal(templates.isByPort, false)
  })

  it('from one port are reported at the first return if its numbers are of two series', () => {
    const templates = new Templates()
    const send = (message: number, definition?: Template) => {
      templates.arrive(message * SECOND, 5000, (message % 2) * 900_000 + message)
      const change = definition && templates.define(definition)
      return [change, templates.note(COUNTS)]
    }
    assert.deepEqual(send(0, BYTES), ['new', undefined])
    for (let message = 1; message < 20; message++) {
      assert.deepEqual(send(message), [undefined, undefined])
    }
    assert.deepEqual(send(20, PACKETS), ['changed', undefined])
    assert.deepEqual(send(21, BYTES), ['contradicting', undefined])
  })

  it('from one port are reported as soon as its numbers are of two series', () => {
    const templates = new Templates()
    const found: unknown[] = []
    for (let message = 0; message < 20; message++) {
      templates.arrive(message * SECOND, 5000, (message % 2) * 900_000 + message)
      if (message < 2) templates.define(message === 0 ? BYTES : PACKETS)
      found.push(templates.note(COUNTS))
    }
    assert.deepEqual(
      found.flatMap((id, message) => (id === undefined ? [] : [[message, id]])),
      [[9, 256]],
    )
  })

  it('are ordinary changes if they alternate slowly', () => {
    const { changes } = alternate(60 * MINUTE)
    assert.deepEqual(new Set(changes.slice(1)), new Set(['changed']))
  })
})

describe('templates from before a restart', () => {
  it('of the writer are used at once, and count as restored until they are repeated', () => {
    const templates = new Templates()
    templates.restore(storedTemplate(BYTES))
    templates.restore(storedTemplate(templateOf(257, 1), { status: 'unconfirmed' }))
    assert.equal(templates.get(256), BYTES)
    assert.deepEqual(
      changesOf(templates).changed.map(({ templateId, status }) => [templateId, status]),
      [[256, 'restored']],
    )
    templates.arrive(SECOND, 0)
    assert.equal(templates.define(templateOf(256, 1)), 'refreshed')
    assert.equal(templates.find(256, 0)?.status, 'confirmed')
    assert.equal(templates.hasChanges, true)
  })

  it('of the exporter are unconfirmed until they are repeated', () => {
    const templates = new Templates()
    templates.arrive(SECOND, 0)
    templates.define(BYTES)
    templates.arrive(2 * SECOND, 0)
    templates.define(templateOf(257, 1))
    templates.takeChanges()
    templates.unconfirm(2 * SECOND)
    assert.deepEqual(
      changesOf(templates).changed.map(({ templateId, status }) => [templateId, status]),
      [[256, 'unconfirmed']],
    )
    assert.equal(templates.get(256), BYTES)
    templates.unconfirm(2 * SECOND)
    assert.equal(templates.hasChanges, false)
  })

  it('stay within the limits: the least recently seen are forgotten, in the table, too', () => {
    const templates = new Templates()
    for (let id = 256; id < 256 + MAX_TEMPLATES_PER_STREAM + 2; id++) {
      templates.restore(storedTemplate(templateOf(id, 1)))
    }
    assert.equal(templates.size, MAX_TEMPLATES_PER_STREAM)
    const { removed } = changesOf(templates)
    assert.deepEqual(
      removed.map(({ templateId }) => templateId),
      [256, 257],
    )
    const large = Array.from({ length: 1024 }, () => 1)
    for (let id = 10_000; id < 10_100; id++) {
      templates.restore(storedTemplate(templateOf(id, ...large)))
    }
    assert.ok(templates.fieldCount <= MAX_FIELDS_PER_STREAM)
  })
})
