/** An operator says in SQL what an exporter does not say, or says wrong, of its sampling. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hex32, set, template } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const RATES = 'select bytes, sampling_rate from flows order by bytes'
const CHANGED = /settings of an exporter were changed/

describe('the sampling settings of an exporter', () => {
  let running: Pipeline
  beforeEach(async () => {
    running = await startPipeline({ environment: QUICK })
  })
  afterEach(() => running.stop())

  /** Changes the row of the only exporter and waits until the writer has noticed. */
  async function configure(assignment: string): Promise<void> {
    const count = () =>
      running.logOf('writer').filter(({ msg }) => CHANGED.test(String(msg))).length
    const before = count()
    await running.ask(`update exporters set ${assignment}`)
    await until(`the writer notices ${assignment}`, () => count() > before)
  }

  it('apply to the flows that come after, are in samplers, and outlive the writer', async () => {
    const exporter = running.makeExporter()
    await exporter.sendSets([set(0, template(256, [[1, 4]])), set(256, hex32(1))])
    await running.expectRows(RATES, [{ bytes: '1', sampling_rate: null }])
    await configure('sampling_default = 64')
    await exporter.sendSets([set(256, hex32(2))])
    await running.expectRows(RATES, [
      { bytes: '1', sampling_rate: null },
      { bytes: '2', sampling_rate: '64' },
    ])
    const rows = 'select scope, sampling_rate, source from samplers order by scope'
    await running.expectRows(rows, [
      { scope: 'default', sampling_rate: '64', source: 'configured' },
    ])
    await configure('sampling_default = null, sampling_override = 20000000')
    await exporter.sendSets([set(256, hex32(3))])
    const override = { scope: 'override', sampling_rate: '20000000', source: 'configured' }
    await running.expectRows(rows, [override])
    await running.killWriter()
    await exporter.sendSets([set(256, hex32(4))])
    await running.expectRows(RATES, [
      { bytes: '1', sampling_rate: null },
      { bytes: '2', sampling_rate: '64' },
      { bytes: '3', sampling_rate: '20000000' },
      { bytes: '4', sampling_rate: '20000000' },
    ])
    await running.expectRows('select flow_records, flows_without_rate from exporter_streams', [
      { flow_records: '4', flows_without_rate: '1' },
    ])
  })

  it('are refused by the database when they are no rate and no byte order', async () => {
    await running.makeExporter().sendSets([])
    await running.expectRows('select enabled from exporters', [{ enabled: true }])
    for (const assignment of [
      'sampling_override = 0',
      'sampling_default = -1',
      "sampling_byte_order = 'middle'",
    ]) {
      await assert.rejects(running.ask(`update exporters set ${assignment}`), /violates check/)
    }
  })

  it('let rates be read low byte first, as the stream and the log suggest', async () => {
    const exporter = running.makeExporter()
    const fields = [[1, 4] as const, [34, 4] as const]
    await exporter.sendSets([set(0, template(256, fields)), set(256, hex32(1), '64000000')])
    const suggested = 'select suggested_byte_order from exporter_streams'
    await running.expectRows(suggested, [{ suggested_byte_order: 'little' }])
    const line = await running.waitForLine(/sampling_byte_order/)
    assert.equal(line['level'], 40)
    await running.killWriter()
    await exporter.sendSets([set(256, hex32(2), '00000064')])
    await running.expectRows(RATES, [
      { bytes: '1', sampling_rate: null },
      { bytes: '2', sampling_rate: '100' },
    ])
    await running.expectRows(suggested, [{ suggested_byte_order: 'little' }])
    await configure("sampling_byte_order = 'little'")
    await exporter.sendSets([set(256, hex32(3), 'e8030000')])
    await running.expectRows(`${RATES} desc limit 1`, [{ bytes: '3', sampling_rate: '1000' }])
    await running.expectRows(suggested, [{ suggested_byte_order: null }])
  })
})
