/** Stray messages, frozen uptimes and steps of the clock make no loss: by bytes, judged in SQL. */

import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hex32, set } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { TEMPLATE } from './counting-exporter.ts'
import { expectLedger, exporterMaker, NOTHING } from './loss-ledger.ts'

let pipeline: Pipeline
const makeExporter = exporterMaker(() => pipeline)
before(async () => {
  pipeline = await startWriterAlone({ environment: { ...QUICK, LOG_LEVEL: 'info' } })
})
after(() => pipeline.stop())

describe('a stray message with the address of an exporter', () => {
  const numbers = {
    'far ahead': 5_000_000,
    'as far ahead as possible': 2 ** 31 - 1,
    'far behind': -5_000_000,
    'a little ahead': 300,
  }
  for (const [title, distance] of Object.entries(numbers)) {
    for (const port of [50_000, 60_000]) {
      for (const afterMs of [50, 10_000]) {
        it(`makes no gap: ${title}, port ${port}, after ${afterMs} ms`, async () => {
          const exporter = makeExporter()
          const stray = {
            sequence: 20_000_000 + distance,
            port,
            uptimeMs: 1_234,
            content: ['00000000'],
          }
          exporter.sendInOrder(19_999_900, 100)
          exporter.send([{ ...stray, afterMs }])
          exporter.sendInOrder(20_000_000, 1, { afterMs })
          exporter.sendInOrder(20_000_001, 99)
          await expectLedger(exporter, 201, { lost: 0, restarts: 0, strays: 1, gaps: 0 })
        })
      }
    }
  }

  it('leaves a real loss and a real restart to be seen', async () => {
    const exporter = makeExporter()
    exporter.sendInOrder(1_000, 100)
    exporter.sendInOrder(901_000, 100)
    await expectLedger(exporter, 200, {
      ...NOTHING,
      unit: 'datagrams',
      lost: 899_900,
      gaps: 1,
    })
    const uptimes = Array.from({ length: 50 }, (_, index) => 5_000 + index * 50)
    exporter.send(uptimes.map((uptimeMs, sequence) => ({ sequence, uptimeMs })))
    await expectLedger(exporter, 250, { lost: 899_900, restarts: 1 })
  })
})

describe('an exporter with a frozen uptime', () => {
  it('has its loss counted over a restart of the writer', async () => {
    const exporter = makeExporter()
    const frozen = { uptimeMs: 77_000 }
    exporter.sendInOrder(0, 100, frozen)
    await expectLedger(exporter, 100, { lost: 0 })
    await pipeline.killWriter()
    exporter.sendInOrder(150, 1, { ...frozen, afterMs: 20_000 })
    exporter.sendInOrder(151, 50, frozen)
    await expectLedger(exporter, 151, {
      ...NOTHING,
      unit: 'datagrams',
      lost: 50,
      gaps: 1,
    })
  })
})

describe("a step of the host's clock", () => {
  for (const stepMs of [3_600_000, -3_600_000]) {
    it(`by ${stepMs} ms makes neither loss nor restart, also while messages are late`, async () => {
      const exporter = makeExporter()
      exporter.sendInOrder(0, 100)
      exporter.send([{ sequence: 103 }])
      exporter.stepMs = stepMs
      exporter.send([101, 100, 102].map((sequence) => ({ sequence })))
      exporter.sendInOrder(104, 50)
      await expectLedger(exporter, 154, { ...NOTHING, unit: 'datagrams', late: 3 })
    })

    it(`by ${stepMs} ms does not give up held sets`, async () => {
      const exporter = makeExporter()
      const held = set(256, hex32(1))
      exporter.send([{ sequence: 0, content: [held] }])
      exporter.stepMs = stepMs
      exporter.send([{ sequence: 1, content: [held] }])
      await sleep(1_500)
      exporter.send([{ sequence: 2, content: [TEMPLATE] }])
      const counts = 'select released_sets::int, expired_sets::int from exporter_streams'
      await until('the sets are released', async () => {
        const [row] = await pipeline.ask(`${counts} where exporter = $1`, [exporter.address])
        return row?.['released_sets'] === 2 && row['expired_sets'] === 0
      })
    })
  }
})
