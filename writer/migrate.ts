/** `npm run migrate -- [up|down] [count]`: brings the tables up to date, or undoes migrations. */

import { readVersion } from '../shared/command-line.ts'
import { createLogger } from '../shared/logger.ts'
import { readSettings } from '../shared/settings.ts'
import { runMain } from '../shared/shutdown.ts'
import { chooseDatabase } from './choose-database.ts'
import { WRITER_SETTINGS } from './config.ts'
import { adviseOn } from './load/database/advice.ts'
import { type MigrationTarget, migrateDatabase } from './load/schema/migrate.ts'

const USAGE = 'usage: npm run migrate -- [up|down] [count]'

const { DATABASE_URL, FLOWS_STORE, LOG_LEVEL } = WRITER_SETTINGS
const logger = createLogger('migrate', 'info')

await runMain(logger, async () => {
  const [direction = 'up', count] = process.argv.slice(2)
  if (direction === '--help' || direction === '--version') {
    console.log(direction === '--help' ? USAGE : readVersion())
    return
  }
  const settings = readSettings({ DATABASE_URL, FLOWS_STORE, LOG_LEVEL }, process.env)
  logger.level = settings.LOG_LEVEL
  const target = { ...readTarget(direction, count), store: settings.FLOWS_STORE }
  try {
    const names = await migrateDatabase(chooseDatabase(settings.DATABASE_URL), logger, target)
    if (names.length === 0) logger.info('nothing to do: the database is up to date')
  } catch (error) {
    throw adviseOn(error) ?? error
  }
})

function readTarget(direction: string, count: string | undefined): MigrationTarget {
  const isCount = count === undefined || /^[1-9]\d*$/.test(count)
  if ((direction !== 'up' && direction !== 'down') || !isCount) {
    logger.fatal(USAGE)
    process.exit(2)
  }
  const all = direction === 'up' ? Number.POSITIVE_INFINITY : 1
  return { direction, count: count === undefined ? all : Number(count) }
}
