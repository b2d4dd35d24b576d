/** Tests that the memory of streams becomes rows, and that rows become memory again. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type BatchChanges, emptyBatchChanges } from '../../../writer/load/tables/batch-changes.ts'
import { Decoder } from '../../../writer/netflow/decode.ts'
import { MAX_STREAMS_PER_EXPORTER } from '../../../writer/netflow/limits.ts'
import { StreamMemory } from '../../../writer/netflow/memory/stream-memory.ts'
import { HeldDatagrams } from '../../../writer/streams/held-datagrams.ts'
import { restoreHeldSets, takeHeldSets } from '../../../writer/streams/held-set-rows.ts'
import { takeMemory } from '../../../writer/streams/memory-rows.ts'
import { RestoredMemory } from '../../../writer/streams/restored-memory.ts'
import { Stream } from '../../../writer/streams/stream.ts'
import { Streams } from '../../../writer/streams/streams.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { DecoderHarness, RECEIVED_AT_MICROS } from '../../helpers/decoder-harness.ts'
import {
  oneOptionsMessage,
  set,
  template,
  v9Message,
  type WireField,
} from '../../helpers/netflow-bytes.ts'
import { LoaderHarness } from '../load/loader-harness.ts'
import { numberedBatch } from '../load/sample-rows.ts'

const STREAM_KEY = {
  exporter: '192.0.2.1',
  exporterBytes: Uint8Array.of(192, 0, 2, 1),
  exportVersion: 9,
  observationDomain: 7,
}

/** Returns the changes of a harness's one stream since the last call. */
function changesOf(harness: DecoderHarness): BatchChanges {
  const changes = emptyBatchChanges()
  takeMemory(harness.stream(), changes)
  takeHeldSets(harness.decoder.heldSets, new HeldDatagrams(), changes)
  return changes
}

function memoryOf({ templates, samplers, names, flowTotals, heldSets }: BatchChanges) {
  return {
    templates: templates.written,
    samplers: samplers.written,
    names: names.written,
    flowTotals: flowTotals.written,
    heldSets: heldSets.written,
  }
}

describe('the memory of a stream', () => {
  const SAID = [
    v9Message(
      set(
        0,
        template(256, [
          [1, 4],
          [8, 4],
        ]),
        template(257, [[2, 8]]),
      ),
    ),
    oneOptionsMessage(
      [[1, '00000000']],
      [
        [48, '01'],
        [34, '00000064'],
        [84, '656467650000'],
      ],
    ),
    oneOptionsMessage([[2, '00000007']], [[82, '4769302f3100']]),
    oneOptionsMessage(
      [[1, '00000000']],
      [
        [95, '0d000001'],
        [96, '68747470'],
      ],
    ),
    v9Message(
      set(
        0,
        template(258, [
          [8, 4],
          [85, 8],
        ]),
      ),
      set(258, 'c0000201', '0020000000000001'),
    ),
  ]

  it('is moved into the changes of one batch', () => {
    const harness = new DecoderHarness()
    for (const message of SAID) harness.receive(message)
    const { templates, samplers, names, flowTotals } = memoryOf(changesOf(harness))
    assert.deepEqual(
      templates.map(({ templateId, kind, redefinitions }) => [templateId, kind, redefinitions]),
      [
        [256, 'flows', 0],
        [257, 'flows', 0],
        [512, 'options', 2],
        [258, 'flows', 0],
      ],
    )
    assert.deepEqual(
      samplers.map(({ scope, scopeValue, samplingRate }) => [scope, scopeValue, samplingRate]),
      [['sampler', 1, 100]],
    )
    assert.deepEqual(
      names.map(({ kind, key, name }) => [kind, key, name]),
      [
        ['interface', '7', 'Gi0/1'],
        ['application', '0d000001', 'http'],
        ['sampler', '1', 'edge'],
      ],
    )
    assert.deepEqual(
      flowTotals.map(({ flowKey, bytes, packets, startMicros }) => {
        return [flowKey, bytes, packets, startMicros]
      }),
      [['- 192.0.2.1 - - -', '9007199254740993', null, null]],
    )
    assert.deepEqual(changesOf(harness), emptyBatchChanges())
  })

  it('is the same after a restart, apart from the status', () => {
    const harness = new DecoderHarness()
    for (const message of SAID) harness.receive(message)
    const memory = memoryOf(changesOf(harness))
    const restored = new StreamMemory(STREAM_KEY)
    const restoredMemory = new RestoredMemory(memory)
    restoredMemory.restore(restored)
    const again = emptyBatchChanges()
    takeMemory(restored, again)
    assert.deepEqual(
      again.templates.written,
      memory.templates.map((row) => ({ ...row, status: 'restored' })),
    )
    assert.deepEqual(
      again.samplers.written,
      memory.samplers.map((row) => ({ ...row, status: 'restored' })),
    )
    assert.deepEqual(again.names, { written: [], removed: [] })
    assert.deepEqual(again.flowTotals, { written: [], removed: [] })
    assert.deepEqual([...restored.totals.flows.keys()], ['- 192.0.2.1 - - -'])
    assert.deepEqual([...restored.interfaceNames], [[7, 'Gi0/1']])
    assert.deepEqual([...restored.applicationNames], [['0d000001', 'http']])
    assert.deepEqual([...restored.samplerNames], [[1, 'edge']])
    const other = new StreamMemory({ ...STREAM_KEY, observationDomain: 8 })
    restoredMemory.restore(other)
    assert.equal(other.template(256), undefined)
  })

  it('is restored without templates that somebody has made unusable', () => {
    const harness = new DecoderHarness()
    harness.receive(SAID[0] as Buffer)
    const memory = memoryOf(changesOf(harness))
    const templates = memory.templates.map((row) => ({ ...row, fields: [[0, 1, 0]] as const }))
    const restored = new StreamMemory(STREAM_KEY)
    new RestoredMemory({ ...memory, templates }).restore(restored)
    assert.equal(restored.templates.size, 0)
  })
})

describe('held sets', () => {
  it('are held again by their streams, for which silent streams make room', () => {
    const harness = new DecoderHarness()
    harness.receive(v9Message(set(256, '00000001'), set(257, '00000002')))
    const [first, second] = memoryOf(changesOf(harness)).heldSets
    assert.ok(first && second)
    const streams = new Streams([])
    const exporter = { address: STREAM_KEY.exporter, bytes: STREAM_KEY.exporterBytes }
    for (let domain = 0; domain < MAX_STREAMS_PER_EXPORTER; domain++) {
      streams.find(exporter, { exportVersion: 9, observationDomain: domain })
    }
    const decoder = new Decoder()
    const other = { ...second, observationDomain: MAX_STREAMS_PER_EXPORTER }
    const nobodys = { ...second, id: 99, exporter: 'nobody' }
    const owners = { decoder, streams, heldDatagrams: new HeldDatagrams() }
    restoreHeldSets([first, other, nobodys], owners)
    assert.equal(decoder.heldSets.count, 2)
    assert.deepEqual(
      streams.takeLeaving().map(({ key }) => key.observationDomain),
      [0],
    )
    const [set256] = decoder.heldSets.release((streams.find(exporter, first) as Stream).memory, 256)
    assert.deepEqual(set256?.content, first.content)
    assert.equal(set256?.message.receivedAtMicros, RECEIVED_AT_MICROS)
    assert.deepEqual(decoder.heldSets.takeChanges(), { held: [], gone: [nobodys.id, first.id] })
  })
})

describe('messages that no sane exporter sends', () => {
  const MESSAGES_A_BATCH = 20
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  /** Yields messages with extreme numbers and broken texts. */
  function* hostileMessages(): Iterable<Buffer> {
    const bytes = ['00', '7f', '80', 'ff', 'c0', 'e2', '22', '5c', '0a', 'ed']
    const elements = [1, 10, 34, 35, 48, 49, 50, 82, 83, 84, 94, 95, 96, 145, 160, 302, 304, 305]
    for (const byte of bytes) {
      for (const length of [1, 2, 4, 8, 9, 300]) {
        const value = byte.repeat(length)
        for (const element of elements) {
          const rate = [[34, '0064']] as const
          yield oneOptionsMessage([[2, value]], [[element, value], ...rate])
          yield oneOptionsMessage(
            [[5, value]],
            [
              [element, value],
              [95, byte],
            ],
          )
        }
        yield v9Message(set(40_000 + length, value))
      }
    }
    const wide: WireField[] = Array.from({ length: 1024 }, () => [65_535, 65_535])
    yield v9Message(set(0, template(65_535, wide)))
  }

  it('are stored and restored without an error', async () => {
    const harness = new DecoderHarness()
    const loader = new LoaderHarness(database.url)
    await loader.loader.start()
    const messages = [...hostileMessages()]
    let rows = 0
    for (let from = 0; from < messages.length; from += MESSAGES_A_BATCH) {
      for (const message of messages.slice(from, from + MESSAGES_A_BATCH)) harness.receive(message)
      const batch = numberedBatch({ from, count: MESSAGES_A_BATCH })
      const stream = new Stream(STREAM_KEY)
      stream.takeChanges(batch.changes)
      takeMemory(harness.stream(), batch.changes)
      takeHeldSets(harness.decoder.heldSets, new HeldDatagrams(), batch.changes)
      rows += batch.changes.samplers.written.length + batch.changes.names.written.length
      loader.submit(batch)
      await loader.committed()
    }
    await loader.loader.stop()
    assert.ok(rows > 100, `${rows} rows`)
    assert.deepEqual(loader.fatal, [])
    assert.deepEqual(
      loader.lines.filter(({ level }) => level >= 40),
      [],
    )
    const again = new LoaderHarness(database.url, { journalId: loader.journalId })
    const state = await again.loader.start()
    await again.loader.stop()
    const { decoder } = harness
    assert.equal(state?.memory.heldSets.length, decoder.heldSets.count)
    assert.equal(state?.memory.templates.length, harness.stream().templates.size)
    const named = state?.memory.names.filter(({ kind }) => kind === 'interface') ?? []
    const { interfaceNames } = harness.stream()
    assert.deepEqual(
      new Map(named.map(({ key, name }) => [Number(key), name])),
      new Map(interfaceNames),
    )
  })
})
