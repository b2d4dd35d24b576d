/** What is claimed to be lost is lost: by bytes through the writer, judged in SQL. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hex32, set } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import { until } from '../helpers/until.ts'
import { type Counted, CountingExporter, TEMPLATE } from './counting-exporter.ts'

let pipeline: Pipeline
let exporters = 0
before(async () => {
  pipeline = await startWriterAlone({ environment: { ...QUICK, LOG_LEVEL: 'info' } })
})
after(() => pipeline.stop())

function makeExporter(): CountingExporter {
  exporters += 1
  return new CountingExporter(pipeline, `192.0.2.${exporters}`)
}

interface Ledger {
  readonly unit: string
  readonly lost: number | null
  readonly late: number
  readonly restarts: number
  readonly strays: number
  /** Rows of `sequence_gaps` that stand, and those that were taken back. */
  readonly gaps: number
  readonly retracted: number
}

const LEDGER = `
  select sequence_unit as unit, lost::float8, late::int, restarts::int, strays::int,
    (select count(*)::int from sequence_gaps
     where exporter = $1 and retracted_at is null) as gaps,
    (select count(*)::int from sequence_gaps
     where exporter = $1 and retracted_at is not null) as retracted
  from exporter_streams where exporter = $1 and datagrams + duplicates = $2`

/**
 * Lets the reorder window pass after so many datagrams of an exporter, and compares its only stream.
 * A busy machine may need longer.
 */
async function expectLedger(
  { address }: CountingExporter,
  datagrams: number,
  expected: Partial<Ledger>,
): Promise<void> {
  const read = async () => {
    const rows = await pipeline.ask(LEDGER, [address, datagrams])
    return rows.map((row) =>
      Object.fromEntries(Object.keys(expected).map((name) => [name, row[name]])),
    )
  }
  await until(`${datagrams} datagrams of ${address} are judged`, async () => {
    return (await read()).length === 1
  })
  await sleep(3_000)
  await until('the ledger is right', async () => {
    return JSON.stringify(await read()) === JSON.stringify([expected])
  }).catch(async () => assert.deepEqual(await read(), [expected]))
}

const NOTHING = { lost: 0, late: 0, restarts: 0, strays: 0, gaps: 0, retracted: 0 } as const
const UNKNOWN = { ...NOTHING, unit: 'none', lost: null }

/** How often the log says something of an exporter. */
function countLines({ address }: CountingExporter, text: RegExp): number {
  return pipeline
    .logOf('writer')
    .filter(({ msg, exporter }) => exporter === address && text.test(String(msg))).length
}

/** Numbers of an exporter that adds `stepOf(sets)` for each message. */
function counting(count: number, setsOf: () => number[], stepOf: (sets: number[]) => number) {
  let sequence = 0
  return Array.from({ length: count }, (): Counted => {
    const sets = setsOf()
    const message = { sequence, sets }
    sequence += stepOf(sets)
    return message
  })
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

describe('an exporter whose numbers fit no unit', () => {
  it('has no loss when they are random', async () => {
    const exporter = makeExporter()
    const random = new Random(7)
    exporter.send(Array.from({ length: 3_000 }, () => ({ sequence: random.below(2 ** 32) })))
    await expectLedger(exporter, 3_000, UNKNOWN)
    assert.equal(countLines(exporter, /no known unit explains/), 1)
    assert.equal(countLines(exporter, /sequence gap/), 0)
  })

  it('has no loss when it counts octets', async () => {
    const exporter = makeExporter()
    const random = new Random(8)
    const messages = counting(
      400,
      () => [1 + random.below(5)],
      ([records = 0]) => 20 + 48 * records,
    )
    exporter.send(messages)
    await expectLedger(exporter, 400, UNKNOWN)
  })

  it('has what was claimed meanwhile taken back, and is followed when it counts again', async () => {
    const exporter = makeExporter()
    exporter.sendInOrder(0, 5)
    exporter.sendInOrder(7, 5)
    await expectLedger(exporter, 10, {
      ...NOTHING,
      unit: 'datagrams',
      lost: 2,
      gaps: 1,
    })
    const random = new Random(9)
    exporter.send(Array.from({ length: 80 }, () => ({ sequence: random.below(2 ** 32) })))
    await expectLedger(exporter, 90, { ...UNKNOWN, retracted: 1 })
    const losses = 'select sum(lost)::int as lost from stream_losses where exporter = $1'
    assert.deepEqual(await pipeline.ask(losses, [exporter.address]), [{ lost: 0 }])
    const [balance] = await pipeline.ask('select lost_datagrams from balance where exporter = $1', [
      exporter.address,
    ])
    assert.equal(Number(balance?.['lost_datagrams'] ?? 0), 0)
    exporter.sendInOrder(5_000, 140)
    exporter.sendInOrder(5_150, 10)
    await expectLedger(exporter, 240, {
      ...NOTHING,
      unit: 'datagrams',
      lost: 10,
      gaps: 1,
      retracted: 1,
    })
  })
})

describe('an exporter with a unit of its own', () => {
  it('has no loss when it counts data sets of several records', async () => {
    const exporter = makeExporter()
    const random = new Random(10)
    const setsOf = () => Array.from({ length: 1 + random.below(3) }, () => 2 + random.below(4))
    exporter.send(counting(400, setsOf, (sets) => sets.length))
    await expectLedger(exporter, 400, { ...NOTHING, unit: 'sets' })
  })

  it('has its loss counted in flow entries of one or two records', async () => {
    const exporter = makeExporter()
    const random = new Random(11)
    const entries: number[] = []
    const setsOf = () => {
      const pairs = Array.from({ length: 8 + random.below(8) }, () => 1 + random.below(2))
      entries.push(pairs.length)
      return [sum(pairs)]
    }
    const messages = counting(400, setsOf, () => entries.at(-1) ?? 0)
    exporter.send(messages)
    const unit = 'bidirectional-flows'
    await expectLedger(exporter, 400, { ...NOTHING, unit })
    const last = messages.at(-1)
    const end = (last?.sequence ?? 0) + sum(last?.sets ?? [])
    exporter.send([0, 4, 8].map((offset) => ({ sequence: end + 500 + offset, sets: [5] })))
    await expectLedger(exporter, 403, { ...NOTHING, unit, lost: 500, gaps: 1 })
  })

  it('has its loss in each unit apart after it has changed what it counts', async () => {
    const exporter = makeExporter()
    const records = (index: number) => 5 + ((index * 7) % 9)
    let sequence = 0
    const messages: Counted[] = []
    for (let index = 0; index < 200; index += 1) {
      if (index === 150) sequence += 40
      messages.push({ sequence, sets: [records(index)] })
      sequence += records(index)
    }
    exporter.send(messages)
    await expectLedger(exporter, 200, {
      ...NOTHING,
      unit: 'records',
      lost: 40,
      gaps: 1,
    })
    exporter.send(
      Array.from({ length: 700 }, (_, index) => ({
        sequence: sequence + index + (index < 650 ? 0 : 3),
        sets: [records(index)],
      })),
    )
    await expectLedger(exporter, 900, { unit: 'datagrams', lost: 3 })
    const { address } = exporter
    assert.deepEqual(
      await pipeline.ask(
        'select unit, lost::int from stream_losses where exporter = $1 order by unit',
        [address],
      ),
      [
        { unit: 'datagrams', lost: 3 },
        { unit: 'records', lost: 40 },
      ],
    )
    assert.deepEqual(
      await pipeline.ask(
        `select lost_records::int, lost_datagrams::int, lost_flows from balance
         where exporter = $1`,
        [address],
      ),
      [{ lost_records: 40, lost_datagrams: 3, lost_flows: null }],
    )
  })

  for (const [title, pick] of [
    ['in turn', (index: number) => index % 3],
    ['at random', (_: number, random: Random) => random.below(3)],
  ] as const) {
    it(`has several series followed each on its own: line cards ${title}`, async () => {
      const exporter = makeExporter()
      const random = new Random(12)
      const cards = [1_000, 26_000_000, 52_000_000]
      const next = (index: number): Counted => {
        const card = pick(index, random)
        const sequence = cards[card] ?? 0
        cards[card] = sequence + 1
        return { sequence }
      }
      exporter.send(Array.from({ length: 400 }, (_, index) => next(index)))
      await expectLedger(exporter, 400, { unit: 'datagrams', lost: 0, gaps: 0 })
      cards[1] = (cards[1] ?? 0) + 7
      exporter.send(Array.from({ length: 40 }, (_, index) => next(index)))
      await expectLedger(exporter, 440, { lost: 7 })
    })
  }

  it('has its loss counted although datagrams are lost from the first one on', async () => {
    const exporter = makeExporter()
    const random = new Random(13)
    const received = Array.from({ length: 400 }, (_, index) => index)
      .filter((index) => index === 0 || index === 399 || random.below(4) > 0)
      .map((sequence) => ({ sequence }))
    exporter.send(received)
    await expectLedger(exporter, received.length, {
      unit: 'datagrams',
      lost: 400 - received.length,
    })
  })
})

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
