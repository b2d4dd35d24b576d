/** How operators set what is judged, and how many rows gaps take: by bytes, judged in SQL. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import type { CountingExporter } from './counting-exporter.ts'
import { countLines, expectLedger, exporterMaker, NOTHING, UNKNOWN } from './loss-ledger.ts'

let pipeline: Pipeline
const makeExporter = exporterMaker(() => pipeline)
before(async () => {
  pipeline = await startWriterAlone({ environment: { ...QUICK, LOG_LEVEL: 'info' } })
})
after(() => pipeline.stop())

describe('exporters.sequence_check', () => {
  async function configure({ address }: CountingExporter, check: string): Promise<void> {
    await pipeline.ask('update exporters set sequence_check = $2 where address = $1', [
      address,
      check,
    ])
    await until(`the writer notices ${check}`, () =>
      pipeline
        .logOf('writer')
        .some((line) => line['exporter'] === address && line['sequenceCheck'] === check),
    )
  }

  it('switches the judgement off and on', async () => {
    const exporter = makeExporter()
    exporter.sendInOrder(0, 100)
    await expectLedger(exporter, 100, { lost: 0 })
    await configure(exporter, 'off')
    exporter.sendInOrder(500, 100)
    await expectLedger(exporter, 200, UNKNOWN)
    assert.equal(countLines(exporter, /sequence|unit/), 0)
    await configure(exporter, 'auto')
    exporter.sendInOrder(1_000, 100)
    exporter.sendInOrder(1_105, 100)
    await expectLedger(exporter, 400, {
      ...NOTHING,
      unit: 'datagrams',
      lost: 5,
      gaps: 1,
    })
  })

  it('names the unit, whatever the numbers suggest', async () => {
    const exporter = makeExporter()
    exporter.sendInOrder(0, 2)
    await expectLedger(exporter, 2, { lost: 0 })
    await configure(exporter, 'records')
    exporter.sendInOrder(2, 200, { sets: [1] })
    exporter.send([{ sequence: 202, sets: [5] }, { sequence: 217, sets: [5] }, { sequence: 222 }])
    await expectLedger(exporter, 205, { unit: 'records', lost: 10 })
  })

  it('is refused by the database when it names no unit', async () => {
    await assert.rejects(
      pipeline.ask("update exporters set sequence_check = 'bananas'"),
      /check constraint/,
    )
  })
})

describe('the gaps of an exporter that loses again and again', () => {
  it('take a limited number of rows an hour, with exact sums, also over a restart', async () => {
    const exporter = makeExporter()
    const round = (from: number, rounds: number) =>
      exporter.send(
        Array.from({ length: rounds * 3 }, (_, index) => ({
          sequence: from + index + Math.floor(index / 3) * 2,
        })),
      )
    round(0, 80)
    await expectLedger(exporter, 240, { lost: 2 * 79 })
    await pipeline.killWriter()
    round(400, 80)
    const lost = 2 * 159
    await expectLedger(exporter, 480, { lost })
    const [rows] = await pipeline.ask(
      `select count(*)::int as rows, count(merged)::int as merged, sum(lost)::int as lost,
         sum(coalesce(merged, 1))::int as gaps
       from sequence_gaps where exporter = $1`,
      [exporter.address],
    )
    // The messages may lie on both sides of the full hour.
    assert.ok(Number(rows?.['rows']) <= 2 * 101, JSON.stringify(rows))
    assert.ok(Number(rows?.['merged']) >= 1, JSON.stringify(rows))
    assert.deepEqual([rows?.['lost'], rows?.['gaps']], [lost, 159])
  })
})
