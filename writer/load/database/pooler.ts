/**
 * Finds out whether a pooler in front of the server gives each transaction another session. The writer
 * cannot work with that: its locks and settings would stay in sessions of other programs, and a lock of
 * a killed writer would never be freed.
 */

import type pg from 'pg'
import { closeClient, DatabaseError, openClient } from './connection.ts'

/** A busy pool may give two transactions the same session by chance, but not so often. */
const ROUNDS = 5

/** The types of pg leave it out: the backend that the server named when the connection began. */
type ClientWithProcess = pg.Client & { readonly processID?: number | null }

/**
 * Checks that `client` keeps its session between transactions. Call it before anything is set in the
 * session. Without a pooler, it costs one question.
 *
 * @throws DatabaseError when a pooler shares the sessions
 */
export async function refuseSharedSessions(
  client: pg.Client,
  config: pg.ClientConfig,
): Promise<void> {
  // A pooler hands out a number of its own, for requests to cancel.
  if ((await readBackend(client)) === (client as ClientWithProcess).processID) return
  const other = await openClient(config)
  try {
    for (let round = 0; round < ROUNDS; round++) {
      if (await isShared(client, other)) throw new DatabaseError(adviseOnPooler(client))
    }
  } finally {
    await closeClient(other)
  }
}

/** Whether two clients meet in one session, or the first one changes its session. */
async function isShared(client: pg.Client, other: pg.Client): Promise<boolean> {
  // Twice: a pooler that takes its sessions in turn would give both clients the same ones again.
  const mine = [await readBackend(client), await readBackend(client)]
  try {
    await other.query('begin')
  } catch (error) {
    if (/statement pooling/.test(String(error))) return true
    throw error
  }
  const theirs = await readBackend(other)
  mine.push(await readBackend(client))
  await other.query('commit')
  return mine.includes(theirs) || new Set(mine).size > 1
}

async function readBackend(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}

function adviseOnPooler({ host, port, database }: pg.Client): string {
  return (
    `a pooler at ${host}:${port} gives each transaction another session, and the writer needs ` +
    'sessions of its own: set DATABASE_URL to PostgreSQL itself, or set pool_mode = session for ' +
    `the database ${database} in the pooler, with a pool of COPY_LANES + 4 sessions or more`
  )
}
