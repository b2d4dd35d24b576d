/**
 * Turns `flows` into a hypertable, with its views and functions, in one transaction: whatever happens
 * meanwhile, `flows` is wholly the one or wholly the other.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { DatabaseError } from '../database/connection.ts'
import { describeError } from '../database/sql-state.ts'
import { actWithoutAnswers } from './answers.ts'
import { makeHypertable, readFlowsState } from './make-hypertable.ts'
import type { Timescale } from './timescale.ts'

/** While this waits for those who use `flows`, everyone else who asks for it waits, too. */
const LOCK_PATIENCE = '5s'
/** Between two attempts, so that those who waited have their turn. */
const PAUSE_MS = 5_000
const MAX_ATTEMPTS = 60
/** A lock that was not given in time, and a deadlock. */
const BUSY: readonly string[] = ['55P03', '40P01']
const OUT_OF_SHARED_MEMORY = '53200'

/**
 * Makes `flows` a hypertable if it has no row, or is one already.
 *
 * @throws DatabaseError that names the command for a table with rows
 */
export async function convertEmptyFlows(
  client: pg.Client,
  timescale: Timescale,
  logger: Logger,
): Promise<void> {
  const { isPartitioned, hasRows } = await readFlowsState(client)
  if (!isPartitioned) return
  if (hasRows) {
    throw new DatabaseError(
      'FLOWS_STORE=hypertable is for a new database, and flows is a partitioned table with rows: ' +
        'convert it with "npm run convert -- hypertable", or set FLOWS_STORE=partitioned',
    )
  }
  await convertFlows(client, timescale, logger)
}

/**
 * Makes `flows` a hypertable. The tables, views and functions must be up to date. Meanwhile writers keep
 * what comes in their journals, and readers wait.
 *
 * @throws DatabaseError that says what is in the way; the database's error
 */
export async function convertFlows(
  client: pg.Client,
  timescale: Timescale,
  logger: Logger,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await convertOnce(client, timescale, logger)
      return
    } catch (error) {
      const { sqlState, condition } = describeError(error)
      if (sqlState === OUT_OF_SHARED_MEMORY) throw tooManyLocks(error)
      if (!BUSY.includes(sqlState) || attempt === MAX_ATTEMPTS) throw error
      logger.info({ condition, attempt }, 'waiting for those who use flows; trying again')
      await sleep(PAUSE_MS)
    }
  }
}

async function convertOnce(client: pg.Client, timescale: Timescale, logger: Logger): Promise<void> {
  const startedAt = performance.now()
  await actWithoutAnswers(client, async () => {
    await client.query(`set local lock_timeout = '${LOCK_PATIENCE}'`)
    await makeHypertable(client, {
      timescale,
      onProgress: (progress) => logger.info(progress, 'made a partition a chunk'),
    })
  })
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10
  logger.info({ seconds }, 'flows is a hypertable now')
}

function tooManyLocks(cause: unknown): DatabaseError {
  return new DatabaseError(
    'flows has more partitions than the server can lock at once: raise max_locks_per_transaction in ' +
      'postgresql.conf, e.g. to 1024, restart the server, and convert again',
    cause,
  )
}
