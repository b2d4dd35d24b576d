/** The ledger of an exporter's only stream, as SQL has it, for tests of what is claimed to be lost. */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { CountingExporter } from './counting-exporter.ts'

export interface Ledger {
  readonly unit: string
  readonly lost: number | null
  readonly late: number
  readonly restarts: number
  readonly strays: number
  /** Rows of `sequence_gaps` that still count, and those that were taken back. */
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
 * Waits until this many datagrams of an exporter are judged and the reorder window has passed, and
 * compares its only stream. A busy machine may need longer.
 */
export async function expectLedger(
  { pipeline, address }: CountingExporter,
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

/** The ledger of a stream that has lost nothing. */
export const NOTHING = { lost: 0, late: 0, restarts: 0, strays: 0, gaps: 0, retracted: 0 } as const
/** The ledger of a stream whose numbers say nothing. */
export const UNKNOWN = { ...NOTHING, unit: 'none', lost: null }

/** How often the log says something of an exporter. */
export function countLines({ pipeline, address }: CountingExporter, text: RegExp): number {
  return pipeline
    .logOf('writer')
    .filter(({ msg, exporter }) => exporter === address && text.test(String(msg))).length
}

/** Makes exporters with an address each. */
export function exporterMaker(pipeline: () => Pipeline): () => CountingExporter {
  let exporters = 0
  return () => {
    exporters += 1
    return new CountingExporter(pipeline(), `192.0.2.${exporters}`)
  }
}
