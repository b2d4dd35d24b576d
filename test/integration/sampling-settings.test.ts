/** An operator sets in SQL the sampling that an exporter does not announce, or announces wrongly. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { ExporterScope } from '../helpers/exporter-scope.ts'
import { hex32, set, template } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const RATES = 'select bytes, sampling_rate from flows order by bytes'
const CHANGED = /settings of an exporter were changed/

describe('the sampling settings of an exporter', () => {
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

  /** Changes the row of the only exporter and waits until the writer has noticed. */
  async function configure(assignment: string): Promise<void> {
    const count = () => pipeline.findLines(CHANGED).length
    const before = count()
    await own.ask(`update exporters set ${assignment}`)
    await until(`the writer notices ${assignment}`, () => count() > before)
  }

  it('apply to the flows that come after, are in samplers, and outlive the writer', async () => {
    const { exporter } = own
    await exporter.sendSets([set(0, template(256, [[1, 4]])), set(256, hex32(1))])
    await own.expectRows(RATES, [{ bytes: '1', sampling_rate: null }])
    await configure('sampling_default = 64')
    await exporter.sendSets([set(256, hex32(2))])
    await own.expectRows(RATES, [
      { bytes: '1', sampling_rate: null },
      { bytes: '2', sampling_rate: '64' },
    ])
    const rows = 'select scope, sampling_rate, source from samplers order by scope'
    await own.expectRows(rows, [{ scope: 'default', sampling_rate: '64', source: 'configured' }])
    await configure('sampling_default = null, sampling_override = 20000000')
    await exporter.sendSets([set(256, hex32(3))])
    const override = { scope: 'override', sampling_rate: '20000000', source: 'configured' }
    await own.expectRows(rows, [override])
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(4))])
    await own.expectRows(RATES, [
      { bytes: '1', sampling_rate: null },
      { bytes: '2', sampling_rate: '64' },
      { bytes: '3', sampling_rate: '20000000' },
      { bytes: '4', sampling_rate: '20000000' },
    ])
    await own.expectRows('select flow_records, flows_without_rate from exporter_streams', [
      { flow_records: '4', flows_without_rate: '1' },
    ])
  })

  it('are refused by the database when they are not a rate or a byte order', async () => {
    await own.makeExporter().sendSets([])
    await own.expectRows('select enabled from exporters', [{ enabled: true }])
    for (const assignment of [
      'sampling_override = 0',
      'sampling_default = -1',
      "sampling_byte_order = 'middle'",
    ]) {
      await assert.rejects(own.ask(`update exporters set ${assignment}`), /violates check/)
    }
  })

  it('let rates be read low byte first, as the stream and the log suggest', async () => {
    const { exporter } = own
    const fields = [[1, 4] as const, [34, 4] as const]
    await exporter.sendSets([set(0, template(256, fields)), set(256, hex32(1), '64000000')])
    const suggested = 'select suggested_byte_order from exporter_streams'
    await own.expectRows(suggested, [{ suggested_byte_order: 'little' }])
    const line = await own.waitForLine(/sampling_byte_order/)
    assert.equal(line['level'], 40)
    await own.killWriter()
    await exporter.sendSets([set(256, hex32(2), '00000064')])
    await own.expectRows(RATES, [
      { bytes: '1', sampling_rate: null },
      { bytes: '2', sampling_rate: '100' },
    ])
    await own.expectRows(suggested, [{ suggested_byte_order: 'little' }])
    await configure("sampling_byte_order = 'little'")
    await exporter.sendSets([set(256, hex32(3), 'e8030000')])
    await own.expectRows(`${RATES} desc limit 1`, [{ bytes: '3', sampling_rate: '1000' }])
    await own.expectRows(suggested, [{ suggested_byte_order: null }])
  })
})
