/** The memory of exporters goes into the tables and comes back unchanged. */

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { CopyBatch } from '../../../../writer/load/copy/copy-batch.ts'
import type { FlowTotalRow } from '../../../../writer/load/tables/flow-totals.ts'
import type { HeldSetRow } from '../../../../writer/load/tables/held-sets.ts'
import type { NameRow } from '../../../../writer/load/tables/names.ts'
import type { ResumePoint } from '../../../../writer/load/tables/resume-point.ts'
import type { SamplerRow } from '../../../../writer/load/tables/samplers.ts'
import type { TemplateRow } from '../../../../writer/load/tables/templates.ts'
import type { StreamKey } from '../../../../writer/netflow/stream-key.ts'
import { Stream } from '../../../../writer/streams/stream.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ask, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch, RECEIVED_AT_MICROS } from '../sample-rows.ts'

const STREAM: StreamKey = {
  exporter: '192.0.2.1',
  exportVersion: 9,
  observationDomain: 4_294_967_295,
}

const TEMPLATE: TemplateRow = {
  ...STREAM,
  templateId: 65_535,
  sourcePort: 0,
  kind: 'options',
  fields: [
    [-1, 1, 4],
    [0, 34, 4],
    [29_305, 1, 65_535],
  ],
  ports: [2055, 50_000],
  contradicted: true,
  scopeFields: 1,
  status: 'confirmed',
  firstSeenMicros: RECEIVED_AT_MICROS - 2,
  definedMicros: RECEIVED_AT_MICROS - 1,
  lastSeenMicros: RECEIVED_AT_MICROS,
  redefinitions: 3,
  definitionHash: '0123456789abcdef',
  previousHash: null,
  refreshMs: null,
}

const SAMPLER: SamplerRow = {
  ...STREAM,
  sourcePort: 50_000,
  scope: 'sampler',
  scopeValue: Number.MAX_SAFE_INTEGER,
  samplingRate: 1_000,
  mode: 2,
  algorithm: null,
  source: 'samplingInterval',
  status: 'confirmed',
  lastSeenMicros: RECEIVED_AT_MICROS,
}

const NAME: NameRow = { ...STREAM, kind: 'interface', key: '7', name: 'Gi0/1 "übergang"\u0001' }

const FLOW_TOTAL: FlowTotalRow = {
  ...STREAM,
  flowKey: '6 192.0.2.1 443 198.51.100.2 50000 in',
  bytes: '9223372036854775807',
  packets: null,
  startMicros: RECEIVED_AT_MICROS - 1,
  exportMicros: RECEIVED_AT_MICROS,
}

const HELD_SET: HeldSetRow = {
  ...STREAM,
  id: 1,
  templateId: 256,
  sourcePort: 50_000,
  receivedMicros: RECEIVED_AT_MICROS,
  exportedMicros: 4_294_967_295_000_000,
  uptimeMs: null,
  sequence: 4_294_967_295,
  content: Buffer.from('00ff5c0a', 'hex'),
  message: 12,
}

describe('the memory of exporters', () => {
  let database: TestDatabase
  let harness: LoaderHarness
  let journalTo: number
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())
  beforeEach(async () => {
    await ask(database.url, 'truncate flows, exporters, journal_positions cascade')
    harness = new LoaderHarness(database.url)
    await harness.loader.start()
    journalTo = 0
  })
  afterEach(async () => {
    await harness.loader.stop()
    assert.deepEqual(harness.fatal, [])
  })

  async function load(fill: (changes: CopyBatch['changes']) => void): Promise<void> {
    const batch = numberedBatch({ from: journalTo, count: 1 })
    journalTo = batch.journalTo
    const stream = new Stream({ ...STREAM, exporterBytes: Uint8Array.of(192, 0, 2, 1) })
    stream.noteMessage(RECEIVED_AT_MICROS)
    stream.takeChanges(batch.changes)
    fill(batch.changes)
    harness.submit(batch)
    await harness.committed()
  }

  async function restart(journalId = harness.journalId): Promise<ResumePoint['memory']> {
    await harness.loader.stop()
    harness = new LoaderHarness(database.url, { journalId })
    const state = await harness.loader.start()
    assert.ok(state)
    return state.memory
  }

  const loadAll = () =>
    load(({ templates, samplers, names, flowTotals, heldSets }) => {
      templates.written.push(TEMPLATE)
      samplers.written.push(SAMPLER)
      names.written.push(NAME)
      flowTotals.written.push(FLOW_TOTAL)
      heldSets.written.push(HELD_SET)
    })

  it('is read back as it was written', async () => {
    await loadAll()
    assert.deepEqual(await restart(), {
      templates: [TEMPLATE],
      samplers: [SAMPLER],
      names: [NAME],
      flowTotals: [FLOW_TOTAL],
      heldSets: [HELD_SET],
    })
  })

  it('is replaced by later rows', async () => {
    await loadAll()
    const later = { status: 'unconfirmed', lastSeenMicros: RECEIVED_AT_MICROS + 1 }
    const template: TemplateRow = {
      ...TEMPLATE,
      ...later,
      kind: 'flows',
      fields: [[0, 1, 4]],
      scopeFields: 0,
      redefinitions: 4,
      previousHash: TEMPLATE.definitionHash,
    }
    const sampler = { ...SAMPLER, ...later, samplingRate: 1, mode: null, algorithm: 255 }
    const name = { ...NAME, name: '' }
    const total = { ...FLOW_TOTAL, bytes: '0', packets: '1', startMicros: null }
    await load(({ templates, samplers, names, flowTotals }) => {
      templates.written.push(template)
      samplers.written.push(sampler)
      names.written.push(name)
      flowTotals.written.push(total)
    })
    assert.deepEqual(await restart(), {
      templates: [template],
      samplers: [sampler],
      names: [name],
      flowTotals: [total],
      heldSets: [HELD_SET],
    })
  })

  it('loses the rows that are removed, and no others', async () => {
    await loadAll()
    await load(({ templates, samplers, names, flowTotals, heldSets }) => {
      flowTotals.written.push({ ...FLOW_TOTAL, flowKey: 'flow 1' })
      flowTotals.removed.push(FLOW_TOTAL)
      templates.written.push({ ...TEMPLATE, sourcePort: 1 })
      templates.removed.push(TEMPLATE)
      samplers.written.push({ ...SAMPLER, scope: 'interface' })
      samplers.removed.push(SAMPLER)
      names.written.push({ ...NAME, kind: 'sampler' })
      names.removed.push(NAME)
      heldSets.written.push({ ...HELD_SET, id: 2 })
      heldSets.removed.push({ id: 1 })
    })
    assert.deepEqual(await restart(), {
      templates: [{ ...TEMPLATE, sourcePort: 1 }],
      samplers: [{ ...SAMPLER, scope: 'interface' }],
      names: [{ ...NAME, kind: 'sampler' }],
      flowTotals: [{ ...FLOW_TOTAL, flowKey: 'flow 1' }],
      heldSets: [{ ...HELD_SET, id: 2 }],
    })
  })

  it('keeps the sets of a message that is counted as expired, without its number', async () => {
    await load(({ heldSets, expiredMessages }) => {
      heldSets.written.push(HELD_SET, { ...HELD_SET, id: 2 }, { ...HELD_SET, id: 3, message: 13 })
      expiredMessages.push(12)
    })
    const { heldSets } = await restart()
    assert.deepEqual(
      heldSets.map(({ id, message }) => [id, message]),
      [
        [1, null],
        [2, null],
        [3, 13],
      ],
    )
  })

  it('is shared by writers, but held sets belong to one journal', async () => {
    await loadAll()
    const memory = await restart('00000000-0000-4000-8000-000000000001')
    assert.deepEqual(memory.templates, [TEMPLATE])
    assert.deepEqual(memory.heldSets, [])
  })

  it('is deleted with its exporter, and not written again while the exporter is missing', async () => {
    await loadAll()
    await ask(database.url, 'delete from exporters')
    const empty = { templates: [], samplers: [], names: [], flowTotals: [], heldSets: [] }
    assert.deepEqual(await restart(), empty)
    await load((changes) => {
      changes.exporters.length = 0
      changes.streams.length = 0
      changes.templates.written.push(TEMPLATE)
      changes.samplers.written.push(SAMPLER)
      changes.flowTotals.written.push(FLOW_TOTAL)
      changes.names.written.push(NAME)
      changes.heldSets.written.push(HELD_SET)
    })
    assert.deepEqual(await restart(), empty)
  })
})
