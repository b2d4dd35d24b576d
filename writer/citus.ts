/**
 * The command that distributes the tables over a Citus cluster. The owner of the tables runs it at the
 * coordinator while no writer runs: once, and again after each upgrade.
 */

import type pg from 'pg'
import { answerArguments } from '../shared/command-line.ts'
import { createLogger } from '../shared/logger.ts'
import { readSettings } from '../shared/settings.ts'
import { runMain } from '../shared/shutdown.ts'
import { WRITER_SETTINGS } from './config.ts'
import { adviseOn } from './load/database/advice.ts'
import {
  closeClient,
  connectDatabase,
  connectionConfig,
  DatabaseError,
} from './load/database/connection.ts'
import { distributeTables } from './load/schema/distribute-flows.ts'
import { migrateDatabase } from './load/schema/migrate.ts'

const { DATABASE_URL, LOG_LEVEL } = WRITER_SETTINGS
const shape = { DATABASE_URL, LOG_LEVEL }

answerArguments({
  command: 'node dist/writer/citus.js',
  summary:
    'Distributes the tables over the nodes of a Citus cluster, or those that an upgrade has added.',
  settings: shape,
})

const logger = createLogger('citus', 'info')

await runMain(logger, async () => {
  const settings = readSettings(shape, process.env)
  logger.level = settings.LOG_LEVEL
  const { query_timeout: _, ...config } = connectionConfig(settings.DATABASE_URL)
  try {
    const client = await connectDatabase({ ...config, application_name: 'netflow-citus' })
    try {
      await client.query('set statement_timeout = 0')
      await refuseBesideWriters(client)
      await migrateDatabase(settings.DATABASE_URL, logger)
      const { isNew, tables } = await distributeTables(client, logger)
      const isDone = !isNew && tables.length === 0
      const text = isDone
        ? 'nothing to do: every node knows all tables'
        : 'every node knows all tables'
      logger.info({ tables }, text)
    } finally {
      await closeClient(client)
    }
  } catch (error) {
    throw adviseOn(error) ?? error
  }
})

async function refuseBesideWriters(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query(
    `select from pg_stat_activity
     where application_name = 'netflow-writer' and datname = current_database()`,
  )
  if (rowCount === 0) return
  throw new DatabaseError('a writer uses the tables: stop all writers, and start them afterwards')
}
