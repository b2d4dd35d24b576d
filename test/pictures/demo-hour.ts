/** An hour of the demonstration's traffic that ends now, in a database. */

import { appendFileSync } from 'node:fs'
import { makeDemoDatagrams } from '../console/demo-flows.ts'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'

const HOUR_MS = 3_600_000
/** Of each exporter; one every four seconds. */
const DATAGRAMS = 900
const FLOWS_OF_THREE = 30 + 16 + 16
/** More lines at once than this would fill the pipe. */
const LINES_AT_ONCE = 300

const NAMES = [
  ['192.0.2.1', 'core-1'],
  ['192.0.2.2', 'edge-2'],
  ['192.0.2.3', 'branch-3'],
] as const

/** Stores the flows; `stop` the pipeline when they are no longer needed. */
export async function storeHour(nowMs: number): Promise<Pipeline> {
  const pipeline = await startWriterAlone({ environment: { ...QUICK, ROLLUPS: 'off' } })
  const sinceMs = nowMs - HOUR_MS
  const made = makeDemoDatagrams({ sinceMs, untilMs: nowMs, datagrams: DATAGRAMS })
  const lines = made.map(({ bytes, receivedAtMs, exporter }) =>
    encodeDatagramLine(bytes, receivedAtMs, exporter, 2055),
  )
  for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
    appendFileSync(pipeline.pipePath, lines.slice(at, at + LINES_AT_ONCE).join(''))
  }
  await pipeline.expectNumber('select count(*) from flows', DATAGRAMS * FLOWS_OF_THREE, 120_000)
  await pipeline.expectNumber('select count(*) from sequence_gaps', 1)
  const lostAt = new Date(sinceMs + HOUR_MS * 0.4).toISOString()
  await pipeline.ask('update sequence_gaps set detected_at = $1', [lostAt])
  for (const [address, name] of NAMES) {
    await pipeline.ask('update exporters set name = $2 where address = $1', [address, name])
  }
  await pipeline.ask('analyze')
  return pipeline
}
