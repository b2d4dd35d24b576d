/** Runs statements that lock others out, and never keeps them waiting for long. */

import type pg from 'pg'

/** While this waits for a reader of `flows`, everyone else who asks for `flows` waits, too. */
export const LOCK_PATIENCE = '2s'

/**
 * Runs the statements in one transaction that waits 2 s for each lock.
 *
 * @param first runs before the wait is set
 * @throws the database's error, such as 55P03; the transaction is rolled back
 */
export async function runShortly(
  client: pg.Client,
  statements: readonly string[],
  first?: string,
): Promise<void> {
  await client.query('begin')
  try {
    if (first !== undefined) await client.query(first)
    await client.query(`set local lock_timeout = '${LOCK_PATIENCE}'`)
    // One by one: a Citus cluster takes no other statement beside a DDL in one string.
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
  } catch (error) {
    // A lost connection has rolled back.
    await client.query('rollback').catch(() => {})
    throw error
  }
}
