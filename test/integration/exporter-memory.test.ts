/** Templates, sampling rates, boot times and running totals of exporters survive the writer. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { ExporterScope } from '../helpers/exporter-scope.ts'
import {
  EXPORT_SECONDS,
  hex32,
  ipfixMessageOf,
  ipfixTemplate,
  oneOptionsMessage,
  optionsTemplate,
  set,
  template,
  UPTIME_MS,
  v9MessageOf,
  type WireField,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const SOURCE_ADDRESS: WireField = [8, 4]
const BYTES: WireField = [1, 4]
const PACKETS: WireField = [2, 4]

describe('the memory of the writer', () => {
  let pipeline: Pipeline
  let own: ExporterScope
  let scopes = 0
  before(async () => {
    pipeline = await startPipeline({ environment: QUICK })
  })
  beforeEach(async () => {
    scopes += 1
    own = await ExporterScope.open(pipeline, scopes)
  })
  after(() => pipeline.stop())

  it('has every template after a kill between a template and its data', async () => {
    const { exporter } = own
    const fields = [SOURCE_ADDRESS, BYTES]
    await exporter.sendSets([set(0, template(256, fields), template(257, [PACKETS]))])
    await own.expectRows('select template_id, fields, status from templates order by 1', [
      {
        template_id: 256,
        fields: [
          [0, 8, 4],
          [0, 1, 4],
        ],
        status: 'confirmed',
      },
      { template_id: 257, fields: [[0, 2, 4]], status: 'confirmed' },
    ])
    await own.killWriter()
    await exporter.sendSets(
      [set(256, 'c0000201', hex32(10))],
      [set(257, hex32(20)), set(256, 'c0000202', hex32(11))],
    )
    await own.expectRows(
      `select host(src_addr) as src, bytes, packets from flows order by coalesce(bytes, 0)`,
      [
        { src: null, bytes: null, packets: '20' },
        { src: '192.0.2.1', bytes: '10', packets: null },
        { src: '192.0.2.2', bytes: '11', packets: null },
      ],
    )
    await own.expectRows('select held_sets, lost from exporter_streams', [
      { held_sets: '0', lost: '0' },
    ])
  })

  it('marks restored templates until the exporter confirms or replaces them', async () => {
    const { exporter } = own
    const definition = set(0, template(256, [BYTES]))
    const status = 'select status, redefinitions from templates'
    await exporter.sendSets([definition])
    await own.expectRows(status, [{ status: 'confirmed', redefinitions: 0 }])
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(1))])
    await own.expectRows(status, [{ status: 'restored', redefinitions: 0 }])
    await exporter.sendSets([definition])
    await own.expectRows(status, [{ status: 'confirmed', redefinitions: 0 }])
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(2))])
    await own.expectRows(status, [{ status: 'restored', redefinitions: 0 }])
    await exporter.sendSets([set(0, template(256, [PACKETS]))])
    await own.expectRows(status, [{ status: 'confirmed', redefinitions: 1 }])
  })

  it('applies a sampling rate after a restart that only options had announced', async () => {
    const { exporter } = own
    const scope = [[1, '00000000']] as const
    await exporter.sendSetsOf(
      oneOptionsMessage(scope, [
        [48, '01'],
        [34, '000003e8'],
        [35, '02'],
      ]),
    )
    await exporter.sendSets([set(0, template(256, [BYTES, [48, 1]]))])
    await own.expectRows('select template_id from templates order by 1', [
      { template_id: 256 },
      { template_id: 512 },
    ])
    await own.expectRows('select scope, scope_value, sampling_rate, mode, source from samplers', [
      {
        scope: 'sampler',
        scope_value: '1',
        sampling_rate: '1000',
        mode: 2,
        source: 'samplingInterval',
      },
    ])
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(5), '01')])
    await own.expectRows('select bytes, sampling_rate from flows', [
      { bytes: '5', sampling_rate: '1000' },
    ])
    await own.expectRows('select status from samplers', [{ status: 'restored' }])
  })

  it('keeps the running totals of flows, so that nothing is counted twice', async () => {
    const { exporter } = own
    const definition = set(0, template(256, [SOURCE_ADDRESS, [85, 4], [136, 1]]))
    await exporter.sendSets([definition, set(256, 'c0000201', hex32(100), '02')])
    const totals = 'select flow_key, bytes, packets from flow_totals'
    const key = { flow_key: '- 192.0.2.1 - - -' }
    await own.expectRows(totals, [{ ...key, bytes: '100', packets: null }])
    await own.killWriter()
    await exporter.sendSets([set(256, 'c0000201', hex32(170), '02')])
    await own.expectRows(totals, [{ ...key, bytes: '170', packets: null }])
    await own.killWriter()
    await exporter.sendSets([set(256, 'c0000201', hex32(175), '03', 'c0000201', hex32(8), '03')])
    await own.expectRows(
      `select bytes, extra->'octetTotalCount' as total from flows order by bytes desc`,
      [
        { bytes: '100', total: 100 },
        { bytes: '70', total: 170 },
        { bytes: '8', total: 8 },
        { bytes: '5', total: 175 },
      ],
    )
    await own.expectRows(totals, [])
    await own.expectRows('select totals_forgotten_at from exporter_streams', [
      { totals_forgotten_at: null },
    ])
  })

  it('estimates from its flows when an exporter booted that never says so', async () => {
    const { exporter } = own
    const definition = ipfixTemplate(256, [
      [21, 4],
      [1, 4],
    ])
    const send = (sequence: number, endMs: number, bytes: number) =>
      exporter.send(
        ipfixMessageOf({ sequence }, set(2, definition), set(256, hex32(endMs), hex32(bytes))),
      )
    const ends = 'select extract(epoch from flow_end)::int as end from flows order by bytes'
    await send(0, 90_000, 1)
    await own.expectRows(ends, [{ end: EXPORT_SECONDS }])
    await own.killWriter()
    await send(1, 60_000, 2)
    await own.expectRows(ends, [{ end: EXPORT_SECONDS }, { end: EXPORT_SECONDS - 30 }])
    await own.expectRows('select system_init_ms, system_init_estimate_ms from exporter_streams', [
      { system_init_ms: null, system_init_estimate_ms: String(EXPORT_SECONDS * 1000 - 90_000) },
    ])
  })

  it('uses the new definition after a restart when a template was redefined before', async () => {
    const { exporter } = own
    await exporter.sendSets([set(0, template(256, [BYTES]))])
    await exporter.sendSets([set(0, template(256, [PACKETS, SOURCE_ADDRESS]))])
    const hashes = 'select previous_hash <> definition_hash as other, redefinitions from templates'
    await own.expectRows(hashes, [{ other: true, redefinitions: 1 }])
    const line = await own.waitForLine(/redefined a template/)
    assert.deepEqual(
      [line['level'], line['templateId'], line['oldFields'], line['newFields']],
      [30, 256, 1, 2],
    )
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(9), 'c0000201')])
    await own.expectRows('select packets, bytes, host(src_addr) as src from flows', [
      { packets: '9', bytes: null, src: '192.0.2.1' },
    ])
  })

  it('forgets a template whose redefinition was invalid, and holds its data', async () => {
    const { exporter } = own
    await exporter.sendSets([set(0, template(256, [BYTES]))])
    await own.expectRows('select template_id from templates', [{ template_id: 256 }])
    await exporter.sendSets([set(0, template(256, [[1, 0]]))])
    await own.expectRows('select template_id from templates', [])
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(9))])
    await own.expectRows('select template_id from held_sets', [{ template_id: 256 }])
    assert.deepEqual(await own.ask('select * from flows'), [])
  })

  it('writes nothing for a repeated template, and nothing for sets that found their template', async () => {
    const { exporter } = own
    const definition = set(0, template(256, [BYTES]))
    const heldIds = 'select id::int, template_id from held_sets order by id'
    await exporter.sendSets([definition], [set(258, hex32(1))])
    const [first] = await until('the first held set', async () => {
      const rows = await own.ask(heldIds)
      return rows.length > 0 && rows
    })
    const version = 'select xmin::text as version from templates'
    const written = await own.ask(version)
    assert.equal(written.length, 1)
    for (let repeat = 1; repeat <= 5; repeat++) {
      await exporter.sendSets([set(257, hex32(1)), definition, set(0, template(257, [BYTES]))])
      await exporter.sendSets([set(0, template(257, []))])
      await own.expectRows('select datagrams from exporter_streams', [
        { datagrams: String(2 + repeat * 2) },
      ])
    }
    assert.deepEqual(await own.ask(version), written)
    await exporter.sendSets([set(258, hex32(1))])
    // Ids are given in the order of writing: no set was written between these two.
    const id = Number(first?.['id'])
    await own.expectRows(heldIds, [
      { id, template_id: 258 },
      { id: id + 1, template_id: 258 },
    ])
  })

  it('marks templates from before a restart of the exporter as unconfirmed, and uses them', async () => {
    const { exporter } = own
    const template256 = set(0, template(256, [BYTES]), template(257, [PACKETS]))
    for (let sequence = 1000; sequence < 1010; sequence++) {
      const uptimeMs = UPTIME_MS + sequence
      const sets = sequence === 1000 ? [template256] : [set(256, hex32(sequence))]
      await exporter.send(v9MessageOf({ sequence, uptimeMs }, ...sets))
    }
    await own.expectRows('select status from templates', [
      { status: 'confirmed' },
      { status: 'confirmed' },
    ])
    const definition = set(0, template(256, [BYTES]))
    await exporter.send(v9MessageOf({ sequence: 0, uptimeMs: 5 }, definition, set(257, hex32(7))))
    await own.expectRows('select template_id, status from templates order by 1', [
      { template_id: 256, status: 'confirmed' },
      { template_id: 257, status: 'unconfirmed' },
    ])
    await own.expectRows('select packets from flows where packets is not null', [{ packets: '7' }])
    await own.expectRows('select restarts, lost from exporter_streams', [
      { restarts: '1', lost: '0' },
    ])
  })

  it('gives each source port its own templates when they contradict each other, also later', async () => {
    const [a, b] = [own.makeExporter(), own.makeExporter()]
    const [bytes, packets] = [set(0, template(256, [BYTES])), set(0, template(256, [PACKETS]))]
    for (let turn = 0; turn < 5; turn++) {
      await a.sendSets([bytes])
      await b.sendSets([packets])
    }
    await a.sendSets([bytes])
    await own.expectRows('select fields, source_port > 0 as own from templates order by fields', [
      { fields: [[0, 1, 4]], own: true },
      { fields: [[0, 2, 4]], own: true },
    ])
    await own.killWriter()
    await a.sendSets([set(256, hex32(1))])
    await b.sendSets([set(256, hex32(2))])
    await own.expectRows('select bytes, packets from flows order by bytes', [
      { bytes: '1', packets: null },
      { bytes: null, packets: '2' },
    ])
    assert.equal((await own.waitForLine(/source port has/))['level'], 40)
  })

  it('applies options that waited for their template over a restart', async () => {
    const { exporter } = own
    await exporter.sendSets([set(512, '00000000 01', hex32(50))])
    await own.expectRows('select template_id from held_sets', [{ template_id: 512 }])
    await own.killWriter()
    const options = optionsTemplate(
      512,
      [[1, 4]],
      [
        [48, 1],
        [50, 4],
      ],
    )
    await exporter.sendSets([set(1, options)])
    const fields = [
      [1, 4],
      [48, 1],
    ] as const
    await exporter.sendSets([set(0, template(256, fields)), set(256, hex32(5), '01')])
    await own.expectRows('select bytes, sampling_rate from flows', [
      { bytes: '5', sampling_rate: '50' },
    ])
  })
})
