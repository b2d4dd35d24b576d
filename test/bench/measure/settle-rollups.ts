/** Runs the rollup job in this process until nothing is left, on a connection of its own. */

import { createLogger } from '../../../shared/logger.ts'
import { connectDatabase, connectionConfig } from '../../../writer/load/database/connection.ts'
import { RollupJob } from '../../../writer/load/rollups/rollup-job.ts'

const DAY_MS = 86_400_000

/** @param nowMs everything that ended some days before is computed */
export async function settleRollups(url: string, nowMs: number): Promise<void> {
  const { query_timeout: _, ...config } = connectionConfig(url)
  const client = await connectDatabase(config)
  const job = new RollupJob({
    enabled: true,
    days: { minute: 0, hour: 0, day: 0 },
    depths: { hour: 200, day: 500 },
    databaseUrl: url,
    logger: createLogger('bench', 'silent'),
    isBusy: () => false,
  })
  while (!(await job.run(client, nowMs + 2 * DAY_MS))) {
    // Hours follow minutes, and days follow hours.
  }
  await job.stop()
  await client.end()
}
