/** Interim: replaced by the loading part. Brings the database's tables up to date. */

import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
import type { Logger } from '../../shared/logger.ts'

export async function migrateDatabase(databaseUrl: string, logger: Logger): Promise<void> {
  await runner({
    databaseUrl,
    dir: fileURLToPath(new URL('../../../migrations', import.meta.url)),
    migrationsTable: 'pgmigrations',
    direction: 'up',
    count: Number.POSITIVE_INFINITY,
    singleTransaction: true,
    advisoryLockMode: 'wait',
    log: (text) => logger.debug(text),
  })
}
