/** Every claimed loss is a real one, however an exporter counts; judged in SQL. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import type { Counted } from './counting-exporter.ts'
import { countLines, expectLedger, exporterMaker, NOTHING, UNKNOWN } from './loss-ledger.ts'

let pipeline: Pipeline
const makeExporter = exporterMaker(() => pipeline)
before(async () => {
  pipeline = await startWriterAlone({ environment: { ...QUICK, LOG_LEVEL: 'info' } })
})
after(() => pipeline.stop())

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
