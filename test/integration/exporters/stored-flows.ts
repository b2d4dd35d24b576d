/** Compares what the database holds with what a capture holds. */

import assert from 'node:assert/strict'
import { type FlowSum, flowKey } from '../../helpers/packet-capture.ts'
import type { Row } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'

/** A database that can be asked: a pipeline's, or one that another process loads. */
export interface Asked {
  ask(sql: string): Promise<Row[]>
}

const FLOW_SUMS = `
  select host(src_addr) as "srcAddr", host(dst_addr) as "dstAddr", protocol,
    src_port as "srcPort", dst_port as "dstPort", sum(packets)::int as packets,
    sum(bytes)::int as bytes,
    extract(epoch from min(flow_start))::float8 * 1000 as "firstMs",
    extract(epoch from max(flow_end))::float8 * 1000 as "lastMs"
  from flows group by 1, 2, 3, 4, 5`

/** Exporters take their time, above all those that watch interfaces. */
const DEADLINE_MS = 90_000

/** Waits until the rows hold as many packets as the capture, then returns their sums by `flowKey`. */
export async function waitForFlows(
  database: Asked,
  truth: ReadonlyMap<string, FlowSum>,
): Promise<Map<string, FlowSum>> {
  const wanted = [...truth.values()].reduce((sum, { packets }) => sum + packets, 0)
  const holdsAll = async () => {
    const [row] = await database.ask('select coalesce(sum(packets), 0)::int as packets from flows')
    return Number(row?.['packets']) >= wanted
  }
  await until(`${wanted} packets in the flows`, holdsAll, DEADLINE_MS)
  const rows = (await database.ask(FLOW_SUMS)) as unknown as FlowSum[]
  return new Map(rows.map((row) => [flowKey(row), row]))
}

const TIME_TOLERANCE_MS = 1_050

/**
 * Asserts that both have the same flows with the same packets and bytes, and times that are the same
 * to a second. (Exporters give both directions of a conversation the times of the conversation.)
 */
export function assertSameFlows(
  stored: ReadonlyMap<string, FlowSum>,
  truth: ReadonlyMap<string, FlowSum>,
): void {
  assertSameCounters(stored, truth)
  for (const [key, { firstMs, lastMs }] of truth) {
    const flow = stored.get(key)
    assert.ok(flow)
    assertNear(flow.firstMs, firstMs, `start of ${key}`)
    assertNear(flow.lastMs, lastMs, `end of ${key}`)
  }
}

/** Asserts that both have the same flows with the same packets and bytes. */
export function assertSameCounters(
  stored: ReadonlyMap<string, FlowSum>,
  truth: ReadonlyMap<string, FlowSum>,
): void {
  assert.deepEqual(countersOf(stored), countersOf(truth))
}

function countersOf(flows: ReadonlyMap<string, FlowSum>): Record<string, string> {
  const counters = [...flows].map(([key, { packets, bytes }]) => {
    return [key, `${packets} packets, ${bytes} bytes`] as const
  })
  return Object.fromEntries(counters.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function assertNear(actual: number | null, expected: number, what: string): void {
  assert.ok(actual !== null, `${what} is missing`)
  const difference = actual - expected
  assert.ok(Math.abs(difference) <= TIME_TOLERANCE_MS, `${what} is off by ${difference} ms`)
}

/** Asserts that one stream brought everything, in order (v1 does not say) and understood. */
export async function assertCleanStream(database: Asked, exportVersion: number) {
  const streams = await database.ask(
    `select export_version, malformed_sets::int, held_sets::int, expired_sets::int,
      implausible_times::int, lost::int, late::int, duplicates::int, restarts::int
    from exporter_streams`,
  )
  const clean = { malformed_sets: 0, held_sets: 0, expired_sets: 0, implausible_times: 0 }
  const inOrder = { lost: exportVersion === 1 ? null : 0, late: 0, duplicates: 0, restarts: 0 }
  assert.deepEqual(streams, [{ export_version: exportVersion, ...clean, ...inOrder }])
  assert.deepEqual(await database.ask('select * from sequence_gaps'), [])
  assert.deepEqual(await database.ask('select * from rejected_records'), [])
}

/** Lists the ICMP types and codes with their packets. */
export async function listIcmp(database: Asked) {
  return database.ask(
    `select icmp_type as type, icmp_code as code, sum(packets)::int as packets
    from flows where protocol in (1, 58) group by 1, 2 order by 1, 2`,
  )
}
