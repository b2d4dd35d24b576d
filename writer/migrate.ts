/** `npm run migrate -- [up|down] [count]`: brings the tables up to date, or undoes migrations. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createLogger } from '../shared/logger.ts'
import { runMain } from '../shared/shutdown.ts'
import { type MigrationTarget, migrateDatabase } from './load/database/migrate.ts'

/** Where `npm start` keeps the socket of its own server. */
const EMBEDDED_FOLDER = resolve('data')

const logger = createLogger('migrate', process.env['LOG_LEVEL'] || 'info')

await runMain(logger, async () => {
  const [direction = 'up', count] = process.argv.slice(2)
  const names = await migrateDatabase(chooseDatabase(), logger, readTarget(direction, count))
  if (names.length === 0) logger.info('nothing to do: the database is up to date')
})

function readTarget(direction: string, count: string | undefined): MigrationTarget {
  const isCount = count === undefined || /^[1-9]\d*$/.test(count)
  if ((direction !== 'up' && direction !== 'down') || !isCount) {
    logger.fatal('usage: npm run migrate -- [up|down] [count]')
    process.exit(2)
  }
  const all = direction === 'up' ? Number.POSITIVE_INFINITY : 1
  return { direction, count: count === undefined ? all : Number(count) }
}

/** DATABASE_URL, else the PG variables, else the server that `npm start` runs. */
function chooseDatabase(): string {
  const { DATABASE_URL, PGHOST, PGDATABASE } = process.env
  if (DATABASE_URL) return DATABASE_URL
  const hasSocket = existsSync(resolve(EMBEDDED_FOLDER, '.s.PGSQL.5432'))
  if (PGHOST || PGDATABASE || !hasSocket) return ''
  return `postgres://netflow@/netflow?host=${encodeURIComponent(EMBEDDED_FOLDER)}`
}
