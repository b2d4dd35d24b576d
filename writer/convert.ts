/** `npm run convert -- hypertable`: makes `flows` a hypertable of TimescaleDB, with the flows it has. */

import { readVersion } from '../shared/command-line.ts'
import { createLogger } from '../shared/logger.ts'
import { readSettings } from '../shared/settings.ts'
import { runMain } from '../shared/shutdown.ts'
import { chooseDatabase } from './choose-database.ts'
import { WRITER_SETTINGS } from './config.ts'
import { adviseOn } from './load/database/advice.ts'
import { convertToHypertable } from './load/schema/migrate.ts'

const USAGE = 'usage: npm run convert -- hypertable'

const { DATABASE_URL, LOG_LEVEL } = WRITER_SETTINGS
const logger = createLogger('convert', 'info')

await runMain(logger, async () => {
  const [store, ...more] = process.argv.slice(2)
  if (store === '--help' || store === '--version') {
    console.log(store === '--help' ? USAGE : readVersion())
    return
  }
  if (store !== 'hypertable' || more.length > 0) {
    logger.fatal(USAGE)
    process.exit(2)
  }
  const settings = readSettings({ DATABASE_URL, LOG_LEVEL }, process.env)
  logger.level = settings.LOG_LEVEL
  try {
    const isNew = await convertToHypertable(chooseDatabase(settings.DATABASE_URL), logger)
    if (!isNew) logger.info('nothing to do: flows is a hypertable already')
  } catch (error) {
    throw adviseOn(error) ?? error
  }
})
