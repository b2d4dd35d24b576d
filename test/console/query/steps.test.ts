/** Steps of traffic, and the bins of a range: the same as those of the database. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { chooseStep, listBins, parseStep } from '../../../console/query/steps.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { queryRows } from '../../helpers/pipeline.ts'

const HOUR_MS = 3_600_000

describe('a step', () => {
  it('is read in the words of the console', () => {
    assert.deepEqual(parseStep('5m'), { text: '5m', interval: '5 min' })
    assert.deepEqual(parseStep('1 Month'), { text: '1month', interval: '1 month' })
    assert.deepEqual(parseStep('3months'), { text: '3months', interval: '3 months' })
    for (const text of [
      '',
      '0s',
      'm',
      '5 min',
      '2months',
      '-1h',
      '1h30m',
      '999999w',
      'constructor',
    ]) {
      assert.equal(parseStep(text), undefined, text)
    }
  })

  it('is chosen so that there are not more bins than points', () => {
    for (const lengthMs of [HOUR_MS, 24 * HOUR_MS, 400 * 24 * HOUR_MS]) {
      for (const points of [2, 60, 120, 1_000]) {
        const step = chooseStep(lengthMs, points)
        const sinceMs = Date.parse('2026-11-28T12:34:56Z')
        const bins = listBins({ sinceMs, untilMs: sinceMs + lengthMs }, step, 100_000)
        const isLongest = step.text === '1month'
        assert.ok(isLongest || (bins?.length ?? 0) <= points, `${lengthMs} ${points} ${step.text}`)
      }
    }
    assert.equal(chooseStep(HOUR_MS, 120).text, '1m')
  })
})

describe('the bins of a range', () => {
  let database: TestDatabase

  before(async () => {
    database = await createTestDatabase()
  })

  after(() => database.drop())

  for (const text of ['7s', '1m', '5m', '1h', '6h', '1d', '1w', '1month', '3months', '1year']) {
    it(`begin where the database has them: ${text}`, async () => {
      const step = parseStep(text)
      assert.ok(step)
      const [known] = await queryRows(
        database.url,
        `select expression from traffic_bin('${step.interval}')`,
      )
      for (const since of [
        '1999-12-31T23:59:59Z',
        '2024-02-29T12:34:56.789Z',
        '2026-11-28T00:00:00Z',
      ]) {
        const sinceMs = Date.parse(since)
        const bins: readonly number[] | undefined = listBins(
          { sinceMs, untilMs: sinceMs + 1 },
          step,
          10,
        )
        const [row] = await queryRows(
          database.url,
          `select ${String(known?.['expression']).replace(' at,', ` timestamptz '${since}',`)} as bin`,
        )
        assert.equal(bins?.[0], Number(row?.['bin']), since)
      }
    })
  }

  it('are limited', () => {
    const step = { text: '1s', interval: '1s' }
    assert.equal(listBins({ sinceMs: 0, untilMs: 11_000 }, step, 10), undefined)
    assert.equal(listBins({ sinceMs: 0, untilMs: 10_000 }, step, 10)?.length, 10)
  })
})
