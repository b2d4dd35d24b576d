/** Asks a pipeline's database for its balance; see the tests of the balance. */

import assert from 'node:assert/strict'
import type { Pipeline, Row } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

/** Returns the numbers of a row that are not 0, bigints as numbers. */
export function nonZero(row: Row | undefined): Row {
  const entries = Object.entries(row ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value,
  ])
  return Object.fromEntries(entries.filter(([, value]) => value !== 0))
}

/** Returns the total row of the balance. */
export async function readTotal(pipeline: Pipeline): Promise<Row> {
  const [total] = await pipeline.ask(`select * from balance where scope = 'total'`)
  return total ?? {}
}

/** Returns the columns of one row of the balance that are not 0, without those about collectors. */
export async function readBalance(pipeline: Pipeline, condition: string): Promise<Row> {
  const [row] = await pipeline.ask(
    `select received, decoded, held, expired, rejected, refused, duplicates, records, stored,
       parked, not_stored, difference
     from balance where ${condition}`,
  )
  return nonZero(row)
}

/** Waits until a row of the balance is exactly this. */
export async function expectBalance(
  pipeline: Pipeline,
  condition: string,
  expected: Row,
): Promise<void> {
  let found: Row = {}
  await until(condition, async () => {
    found = await readBalance(pipeline, condition)
    return JSON.stringify(found) === JSON.stringify(expected)
  }).catch(() => assert.deepEqual(found, expected))
}

/** Waits for the final reports of this many collectors; returns the total. */
export async function totalAfterFinalReports(pipeline: Pipeline, collectors: number): Promise<Row> {
  const finals = 'select count(*)::int from collector_reports where final'
  await pipeline.expectNumber(finals, collectors, 120_000)
  return readTotal(pipeline)
}
