/** Lets only one of several writers do a job on the table of flows at a time. */

import type pg from 'pg'

/**
 * Advisory locks, together with the table; the numbers only have to differ from other programs'.
 * `partitions.ts` has one more.
 */
const LOCKS = { drop: 7_411_983, index: 7_411_984, compress: 7_411_986 } as const

/**
 * Runs the work unless another writer runs it. The lock belongs to the session, because no table is
 * changed concurrently within a transaction.
 *
 * @returns the result of the work; undefined: another writer runs it
 * @throws the error of the work
 */
export async function withTableLock<Result>(
  client: pg.Client,
  purpose: keyof typeof LOCKS,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const lock = [LOCKS[purpose]]
  const { rows } = await client.query<{ isLocked: boolean }>(
    `select pg_try_advisory_lock($1, 'flows'::regclass::oid::integer) as "isLocked"`,
    lock,
  )
  if (!rows[0]?.isLocked) return undefined
  try {
    return await work()
  } finally {
    const unlock = `select pg_advisory_unlock($1, 'flows'::regclass::oid::integer)`
    // A lost connection has lost the lock as well.
    await client.query(unlock, lock).catch(() => {})
  }
}
