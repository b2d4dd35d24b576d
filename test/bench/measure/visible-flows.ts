/** Watches how many flows can be seen in the database, every few milliseconds. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDatabase } from './bench-database.ts'

export interface WatchOptions {
  readonly database: BenchDatabase
  /** Stop when so many are there. */
  readonly until: number
  readonly pollMs: number
  /** Stop with an error when there are no more for so long. */
  readonly stalledMs: number
  /** Told of each answer. */
  readonly onSeen: (flows: number) => void
}

/** The counters of the streams are committed with the rows, and are cheap to read. */
const COUNT_FLOWS = {
  name: 'count-flows',
  text: 'select coalesce(sum(flow_records), 0)::float8 as flows from exporter_streams',
}

/**
 * Polls until all are there.
 *
 * @returns how often it asked
 */
export async function watchFlows(options: WatchOptions): Promise<number> {
  const { database, until, pollMs, stalledMs, onSeen } = options
  let polls = 0
  let last = 0
  let lastAt = performance.now()
  while (last < until) {
    const { rows } = await database.client.query(COUNT_FLOWS)
    const flows: number = rows[0]?.flows
    polls += 1
    onSeen(flows)
    if (flows > last) {
      last = flows
      lastAt = performance.now()
    } else if (performance.now() - lastAt > stalledMs) {
      throw new Error(`only ${flows} of ${until} flows came, and no more for ${stalledMs} ms`)
    }
    await sleep(pollMs)
  }
  return polls
}
