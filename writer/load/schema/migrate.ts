/** Brings the tables up to date with `migrations/`. Several processes may do so at once. */

import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { adviseOn } from '../database/advice.ts'
import {
  closeClient,
  connectionConfig,
  DatabaseError,
  openClient,
  prepareSession,
} from '../database/connection.ts'
import { refuseSharedSessions } from '../database/pooler.ts'
import { requireUsableDatabase } from '../database/requirements.ts'
import { describeError } from '../database/sql-state.ts'
import { applyAnswers, dropAnswers } from './answers.ts'
import { convertEmptyFlows, convertFlows } from './convert-flows.ts'
import { readFlowsState } from './make-hypertable.ts'
import {
  copyEarlierMigrations,
  createMigrationsTable,
  exists,
  MIGRATION_LOCK,
  MIGRATIONS_TABLE,
  readMigrations,
} from './migrations-table.ts'
import { requireTimescale } from './timescale.ts'

/** Relative to the built file in `dist/writer/load/schema`. */
const MIGRATIONS = fileURLToPath(new URL('../../../../migrations', import.meta.url))

/** A table, type, function or schema exists already. */
const DUPLICATES: readonly string[] = ['42P07', '42710', '42723', '42P06']

/** What `flows` becomes while it is empty. */
export const FLOWS_STORES = ['partitioned', 'hypertable'] as const
export type FlowsStore = (typeof FLOWS_STORES)[number]

/** The direction, and the number of migrations. */
export interface MigrationTarget {
  readonly direction: 'up' | 'down'
  readonly count: number
  /** Default: `flows` stays as it is, and a new one is partitioned. */
  readonly store?: FlowsStore
}

/** Returns the target of a start: all migrations, and the kind of an empty `flows`. */
export function allUp(store: FlowsStore = 'partitioned'): MigrationTarget {
  return { direction: 'up', count: Number.POSITIVE_INFINITY, store }
}

/** One run, on a connection that holds the lock. */
interface MigrationRun {
  readonly client: pg.Client
  readonly schema: string
  readonly target: MigrationTarget
  readonly logger: Logger
}

/**
 * Runs the pending migrations, all in one transaction, under an advisory lock, in the first schema of
 * `search_path`.
 *
 * @param databaseUrl empty: libpq's PG variables
 * @returns the names of the migrations that were run
 * @throws DatabaseError when waiting cannot help, else the database's error
 */
export async function migrateDatabase(
  databaseUrl: string,
  logger: Logger,
  target = allUp(),
): Promise<readonly string[]> {
  return await withMigrationLock(databaseUrl, async (client, schema) => {
    const isHypertable = target.direction === 'up' && target.store === 'hypertable'
    // First: a database without the extension stays as it is.
    const timescale = isHypertable ? await requireTimescale(client) : undefined
    const names = await migrate({ client, schema, target, logger })
    // A newer release's tables, or half of them, may not fit.
    if (target.direction === 'up' && (await isUpToDate(client, schema))) {
      await applyAnswers(client, logger)
      if (timescale) await convertEmptyFlows(client, timescale, logger)
    }
    return names
  })
}

/**
 * Brings the tables up to date, and makes `flows` a hypertable, with the flows that it has.
 *
 * @param databaseUrl empty: libpq's PG variables
 * @returns false: it is one already
 * @throws DatabaseError that says what is missing or in the way, else the database's error
 */
export async function convertToHypertable(databaseUrl: string, logger: Logger): Promise<boolean> {
  await migrateDatabase(databaseUrl, logger)
  return await withMigrationLock(databaseUrl, async (client) => {
    const timescale = await requireTimescale(client)
    const { isPartitioned } = await readFlowsState(client)
    if (isPartitioned) await convertFlows(client, timescale, logger)
    return isPartitioned
  })
}

/** Runs `use` on a connection that holds the lock of all migrations, with the schema of the tables. */
async function withMigrationLock<Result>(
  databaseUrl: string,
  use: (client: pg.Client, schema: string) => Promise<Result>,
): Promise<Result> {
  const { query_timeout: _, ...config } = connectionConfig(databaseUrl)
  // A client of the runner's own has no listener: a lost connection would end the process.
  let isLost = false
  const onLost = () => {
    isLost = true
  }
  const client = await openClient(config, onLost).catch((error: unknown) => {
    throw adviseOn(error) ?? error
  })
  try {
    await refuseSharedSessions(client, config)
    await prepareSession(client)
    const schema = await requireUsableDatabase(client)
    // A migration may run long, and wait long for another process.
    await client.query('set statement_timeout = 0; set lock_timeout = 0')
    // The end of the session frees it.
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    return await use(client, schema)
  } catch (error) {
    throw isLost ? error : explain(error)
  } finally {
    await closeClient(client)
  }
}

/** Lists the names of the migrations in order. */
async function listMigrations(): Promise<readonly string[]> {
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
  return files.map((name) => name.replace(/\.sql$/, ''))
}

/** Whether exactly the migrations of the folder have been run. */
async function isUpToDate(client: pg.Client, schema: string): Promise<boolean> {
  const found = await readMigrations(client, schema)
  return found?.toSorted().join() === (await listMigrations()).join()
}

async function migrate(run: MigrationRun): Promise<readonly string[]> {
  const { client, schema, target, logger } = run
  if (target.direction === 'up' && (await isUpToDate(client, schema))) return []
  const known = await listMigrations()
  const found = await readMigrations(client, schema)
  // The runner begins again, which only makes the server warn. It commits or rolls back all of this.
  await client.query('begin')
  // Views and functions are in the way of migrations that are undone; the next start creates them.
  if (target.direction === 'down') await dropAnswers(client)
  await prepareTable(run, known, found)
  const names = await runMigrations(run)
  await client.query('commit')
  if (names.length > 0) {
    logger.info({ migrations: names, schema }, `migrated the database ${target.direction}`)
  }
  return names
}

/** Prepares the table in which the runner finds the migrations that were run. */
async function prepareTable(
  { client, schema, logger }: MigrationRun,
  known: readonly string[],
  found: readonly string[] | undefined,
): Promise<void> {
  if (found === undefined) {
    await createMigrationsTable(client, schema)
    const earlier = await copyEarlierMigrations(client, schema, known)
    if (earlier !== undefined) {
      logger.info({ from: earlier, schema }, `${MIGRATIONS_TABLE} continues an earlier table`)
    } else if (await exists(client, schema, 'flows')) {
      throw new DatabaseError(ownSchemaAdvice(`the schema ${schema} has a table flows`))
    }
  }
  const newer = (found ?? []).filter((name) => !known.includes(name))
  if (newer.length === 0) return
  throw new DatabaseError(
    `the tables were made by a newer version of this program (${newer.join(', ')}): run that ` +
      'version, or take its migrations back with it: npm run migrate -- down ' +
      `${newer.length}`,
  )
}

async function runMigrations({ client, schema, target, logger }: MigrationRun) {
  // Its import takes longer than all else here, and most starts have nothing to migrate.
  const { runner } = await import('node-pg-migrate')
  const ran = await runner({
    dbClient: client,
    dir: MIGRATIONS,
    // Beside the migrations lies the document that explains their tables.
    ignorePattern: '.*(?<!\\.sql)',
    migrationsSchema: schema,
    migrationsTable: MIGRATIONS_TABLE,
    direction: target.direction,
    count: target.count,
    // Not the runner's default: a failure would leave half of the migrations.
    singleTransaction: true,
    noLock: true,
    log: (text) => logger.debug(text),
  })
  return ran.map(({ name }) => name)
}

/** Turns an error into one that says what to do, unless waiting may help. */
function explain(error: unknown): unknown {
  const { sqlState, message } = describeError(error)
  if (DUPLICATES.includes(sqlState)) return new DatabaseError(ownSchemaAdvice(message), error)
  const advice = adviseOn(error)
  if (advice !== undefined || sqlState !== '' || isFromSystem(error)) return advice ?? error
  // The runner's own errors carry no SQLSTATE.
  const [reason] = String(error).split('\n')
  return new DatabaseError(
    `the tables cannot be brought up to date: ${reason}; does the role own them?`,
    error,
  )
}

/** Whether the network or the operating system failed, which is no answer about the tables. */
function isFromSystem(error: unknown): boolean {
  return error instanceof Error && ('code' in error || error.message.startsWith('Connection'))
}

function ownSchemaAdvice(problem: string): string {
  return (
    `${problem}, but this program did not create it: give this program a schema of its own, with ` +
    '"create schema NAME authorization ROLE" and "alter role ROLE in database DATABASE set ' +
    'search_path = NAME"; if the tables are from a backup, restore netflow_migrations with them'
  )
}
