/**
 * The account of numbered flows: how many were received, stored, lost and dropped, as the tables and
 * the collectors' reports say; see the tests of the journal.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FlowSender } from '../helpers/flow-sender.ts'
import type { Pipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

/** Flows of a datagram; its line has about 2 kB. */
export const FLOWS = 30
/** An exporter of v5 with `FLOWS` flows in each datagram. */
export const V5 = { exportVersion: 5, flowsPerDatagram: FLOWS } as const

export interface Account {
  readonly received: number
  readonly forwarded: number
  readonly dropped: number
  readonly kernelDropped: number
  readonly rows: number
  readonly distinct: number
  /** Flows that the sequence ledger misses. */
  readonly lost: number
  readonly lostInPipe: number | null
  /** Sum over every row of the balance. */
  readonly differences: number
}

const ACCOUNT = `
  select sum(received)::int as received, sum(forwarded)::int as forwarded,
    sum(queue_dropped)::int as dropped, sum(kernel_dropped)::int as "kernelDropped",
    (select count(*)::int from flows) as rows,
    (select count(distinct bytes)::int from flows) as distinct,
    (select coalesce(sum(lost), 0)::int from exporter_streams) as lost,
    (select lost_in_pipe::int from balance where scope = 'total') as "lostInPipe",
    (select sum(difference)::int from balance) as differences
  from collector_reports`

const REPORTS = `
  select count(*)::int as n, count(*) filter (where not final)::int as open
  from collector_reports`

/** Sends datagrams and waits until their flows are stored, when nobody else sends. */
export async function sendAndStore(
  pipeline: Pipeline,
  sender: FlowSender,
  datagrams: number,
): Promise<void> {
  const rows = 'select count(*)::int as rows from flows'
  const [before] = await pipeline.ask(rows)
  await sender.send(datagrams, 500)
  await pipeline.expectNumber(rows, Number(before?.['rows']) + datagrams * FLOWS)
}

/** Reads the journal's segments in their order. */
export function readSegments({ journalPath }: Pipeline): { name: string; bytes: Buffer }[] {
  const names = readdirSync(journalPath).filter((name) => name.endsWith('.lines'))
  return names.sort().map((name) => ({ name, bytes: readFileSync(join(journalPath, name)) }))
}

/** Waits until the journal holds the beginnings of the lines of this many datagrams. */
export async function untilJournaled(pipeline: Pipeline, datagrams: number): Promise<void> {
  await until(`${datagrams} datagrams in the journal`, () => {
    const text = readSegments(pipeline).map(({ bytes }) => bytes.toString('latin1'))
    return text.join('').split('\n["').length - 1 >= datagrams
  })
}

/**
 * Sends 50 more datagrams, so that the writer sees every gap, stops the collector, then the writer
 * when it has loaded the collector's final report, and reads the account.
 */
export async function settle(pipeline: Pipeline, sender: FlowSender): Promise<Account> {
  await sender.send(50, 500)
  assert.equal(await pipeline.end('collector'), 0)
  await until('the final report of every collector', async () => {
    const [row] = await pipeline.ask(REPORTS)
    return Number(row?.['n']) > 0 && row?.['open'] === 0
  })
  assert.equal(await pipeline.end('writer'), 0)
  const [account] = await pipeline.ask(ACCOUNT)
  return account as unknown as Account
}

/** Asserts that every datagram that reached the collector is stored, and every other one is counted. */
export function assertAllStored(account: Account, sender: FlowSender): void {
  const { received, kernelDropped } = account
  assert.equal(received + kernelDropped, sender.sentDatagrams)
  assert.deepEqual(account, {
    ...{ received, kernelDropped, forwarded: received, dropped: 0 },
    ...{ rows: received * FLOWS, distinct: received * FLOWS, lost: kernelDropped * FLOWS },
    ...{ lostInPipe: 0, differences: 0 },
  })
}
