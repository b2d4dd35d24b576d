/** What IPFIX exporters have said survives the writer, as what v9 exporters have said does. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  hex32,
  type IpfixField,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  optionsTemplate,
  set,
  template,
  VARIABLE,
  variable,
  type Wire,
  wire,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import type { RawExporter } from '../helpers/raw-exporter.ts'

const REVERSE = 29_305
/** One of each kind: of a column, of an enterprise, of the way back, and of any length. */
const FIELDS: readonly IpfixField[] = [
  [8, 4],
  [12, 4],
  [1, 4],
  [1, 4, REVERSE],
  [7, 2, 9],
  [302, 1],
  [82, VARIABLE],
]
const RECORD = wire('c0000201 c6336402', hex32(10), hex32(20), '0007 05', variable('657468'))
const ROWS = [
  { src: '192.0.2.1', bytes: '10', rate: '100', mine: '0007', name: 'eth' },
  { src: '198.51.100.2', bytes: '20', rate: '100', mine: '0007', name: 'eth' },
]
const FLOWS = `
  select host(src_addr) as src, bytes, sampling_rate as rate, extra->>'9.7' as mine,
    extra->>'interfaceName' as name
  from flows order by bytes`

/** Selector 5 takes one of a hundred. */
const SELECTORS = ipfixOptionsTemplate(512, 1, [
  [302, 1],
  [304, 2],
  [305, 4],
  [306, 4],
])
const SELECTOR = wire('05 0001', hex32(1), hex32(99))

/** The log line of a writer that found the memory of an earlier one. */
const RESTORED = /^restored what/

describe('the memory of the writer, of IPFIX,', () => {
  let running: Pipeline
  let exporter: RawExporter
  let sequence: number
  beforeEach(async () => {
    running = await startPipeline({ environment: QUICK })
    exporter = running.makeExporter()
    sequence = 0
  })
  afterEach(() => running.stop())

  /** Sends the sets of one message that holds so many data records. */
  async function send(dataRecords: number, ...sets: readonly Wire[]): Promise<void> {
    await exporter.send(ipfixMessageOf({ sequence }, ...sets))
    sequence += dataRecords
  }

  it('has every template and selector when it was killed between them and the data', async () => {
    await send(1, set(2, ipfixTemplate(256, FIELDS)), set(3, SELECTORS), set(512, SELECTOR))
    await running.expectRows('select template_id, kind from templates order by 1', [
      { template_id: 256, kind: 'flows' },
      { template_id: 512, kind: 'options' },
    ])
    await running.expectRows('select scope, scope_value, sampling_rate from samplers', [
      { scope: 'sampler', scope_value: '5', sampling_rate: '100' },
    ])
    await running.killWriter()
    assert.equal((await running.waitForLine(RESTORED))['templates'], 2)
    await send(1, set(256, RECORD))
    await running.expectRows(FLOWS, ROWS)
    await running.expectRows('select held_sets, lost from exporter_streams', [
      { held_sets: '0', lost: '0' },
    ])
  })

  it('decodes data and options that waited for their templates over a restart', async () => {
    await send(1, set(512, SELECTOR))
    await send(1, set(256, RECORD))
    await running.expectRows('select template_id from held_sets order by id', [
      { template_id: 512 },
      { template_id: 256 },
    ])
    await running.killWriter()
    assert.equal((await running.waitForLine(RESTORED))['heldSets'], 2)
    await send(0, set(3, SELECTORS))
    await send(0, set(2, ipfixTemplate(256, FIELDS)))
    await running.expectRows(FLOWS, ROWS)
    await running.expectRows(
      'select held_sets, released_sets, expired_sets, options_records from exporter_streams',
      [{ held_sets: '2', released_sets: '2', expired_sets: '0', options_records: '1' }],
    )
    await running.expectRows('select count(*)::int as n from held_sets', [{ n: 0 }])
  })

  it('reads lists by templates that came before a restart', async () => {
    const lists = ipfixTemplate(257, [
      [1, 4],
      [292, VARIABLE],
    ])
    await send(0, set(2, lists, ipfixTemplate(258, [[7, 2]])))
    await running.expectRows('select count(*)::int as n from templates', [{ n: 2 }])
    await running.killWriter()
    await send(1, set(257, hex32(7), variable('03 0102 0050 01bb')))
    await running.expectRows(
      `select bytes, extra->'subTemplateList'->'records' as list from flows`,
      [{ bytes: '7', list: [{ sourceTransportPort: 80 }, { sourceTransportPort: 443 }] }],
    )
  })
})

describe('the memory of the writer, of v9,', () => {
  let running: Pipeline
  beforeEach(async () => {
    running = await startPipeline({ environment: QUICK })
  })
  afterEach(() => running.stop())

  it('applies options that waited for their template over a restart', async () => {
    const exporter = running.makeExporter()
    await exporter.sendSets([set(512, '00000000 01', hex32(50))])
    await running.expectRows('select template_id from held_sets', [{ template_id: 512 }])
    await running.killWriter()
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
    await running.expectRows('select bytes, sampling_rate from flows', [
      { bytes: '5', sampling_rate: '50' },
    ])
  })
})
