/** Templates, options and waiting data of IPFIX exporters survive the writer. */

import { after, before, beforeEach, describe, it } from 'node:test'
import { ExporterScope } from '../helpers/exporter-scope.ts'
import {
  hex32,
  type IpfixField,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
  type Wire,
  wire,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'

const REVERSE = 29_305
/** One field of each kind: with a column, of an enterprise, reverse, and of variable length. */
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

/** Selector 5 selects one packet of a hundred. */
const SELECTORS = ipfixOptionsTemplate(512, 1, [
  [302, 1],
  [304, 2],
  [305, 4],
  [306, 4],
])
const SELECTOR = wire('05 0001', hex32(1), hex32(99))

describe('the memory of the writer, of IPFIX,', () => {
  let pipeline: Pipeline
  let own: ExporterScope
  let scopes = 0
  let sequence: number
  before(async () => {
    pipeline = await startPipeline({ environment: QUICK })
  })
  beforeEach(async () => {
    scopes += 1
    own = await ExporterScope.open(pipeline, scopes)
    sequence = 0
  })
  after(() => pipeline.stop())

  /** Sends the sets of one message that holds a number of data records. */
  async function send(dataRecords: number, ...sets: readonly Wire[]): Promise<void> {
    await own.exporter.send(ipfixMessageOf({ sequence }, ...sets))
    sequence += dataRecords
  }

  it('has every template and selector after a kill between them and the data', async () => {
    await send(1, set(2, ipfixTemplate(256, FIELDS)), set(3, SELECTORS), set(512, SELECTOR))
    await own.expectRows('select template_id, kind from templates order by 1', [
      { template_id: 256, kind: 'flows' },
      { template_id: 512, kind: 'options' },
    ])
    await own.expectRows('select scope, scope_value, sampling_rate from samplers', [
      { scope: 'sampler', scope_value: '5', sampling_rate: '100' },
    ])
    await own.killWriter()
    await send(1, set(256, RECORD))
    await own.expectRows(FLOWS, ROWS)
    await own.expectRows('select held_sets, lost from exporter_streams', [
      { held_sets: '0', lost: '0' },
    ])
  })

  it('decodes data and options that waited for their templates over a restart', async () => {
    await send(1, set(512, SELECTOR))
    await send(1, set(256, RECORD))
    await own.expectRows('select template_id from held_sets order by id', [
      { template_id: 512 },
      { template_id: 256 },
    ])
    await own.killWriter()
    await send(0, set(3, SELECTORS))
    await send(0, set(2, ipfixTemplate(256, FIELDS)))
    await own.expectRows(FLOWS, ROWS)
    await own.expectRows(
      'select held_sets, released_sets, expired_sets, options_records from exporter_streams',
      [{ held_sets: '2', released_sets: '2', expired_sets: '0', options_records: '1' }],
    )
    await own.expectRows('select count(*)::int as n from held_sets', [{ n: 0 }])
  })

  it('reads lists by templates that came before a restart', async () => {
    const lists = ipfixTemplate(257, [
      [1, 4],
      [292, VARIABLE],
    ])
    await send(0, set(2, lists, ipfixTemplate(258, [[7, 2]])))
    await own.expectRows('select count(*)::int as n from templates', [{ n: 2 }])
    await own.killWriter()
    await send(1, set(257, hex32(7), variable('03 0102 0050 01bb')))
    await own.expectRows(`select bytes, extra->'subTemplateList'->'records' as list from flows`, [
      { bytes: '7', list: [{ sourceTransportPort: 80 }, { sourceTransportPort: 443 }] },
    ])
  })
})
