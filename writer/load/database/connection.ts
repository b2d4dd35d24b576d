/**
 * Opens and closes connections to the database, all in the same way; it knows no table and does not
 * retry.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A COPY or statement that takes longer is given up: the server hangs, and the batch is kept. */
const QUERY_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 1_000

/**
 * A session does not depend on the defaults of server and role. The server gives up before the
 * client does, or what the client no longer waits for would go on; and it notices within a minute
 * when this host is gone, with its locks. What is committed must survive the server's crash, as the
 * journal deletes it: `off` is not taken over, all that is safer is.
 */
const SESSION_SETTINGS = `
  set client_encoding = 'UTF8';
  set timezone = 'UTC';
  set datestyle = 'ISO';
  set lock_timeout = '20s';
  set statement_timeout = '50s';
  set idle_in_transaction_session_timeout = 0;
  set client_min_messages = warning;
  set tcp_keepalives_idle = 20;
  set tcp_keepalives_interval = 10;
  set tcp_keepalives_count = 3;
  select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') = 'off'`

/** The database cannot be used; the message says what to do. */
export class DatabaseError extends Error {
  readonly code = 'NO_DATABASE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'DatabaseError'
  }
}

/** Gives what pg needs to connect: a URL, or libpq's PG variables when it is empty. */
export function connectionConfig(databaseUrl: string): pg.ClientConfig {
  return {
    ...(databaseUrl === '' ? {} : { connectionString: databaseUrl }),
    application_name: 'netflow-writer',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/**
 * Opens a connection and prepares its session.
 *
 * @param onLost told when it breaks, also while nobody uses it
 */
export async function connectDatabase(
  config: pg.ClientConfig,
  onLost: (client: pg.Client) => void = () => {},
): Promise<pg.Client> {
  const client = new pg.Client(config)
  // Without a listener the end of a connection would end the process; queries fail on their own.
  client.on('error', () => onLost(client))
  try {
    await client.connect()
    await client.query(SESSION_SETTINGS)
    return client
  } catch (error) {
    await closeClient(client)
    throw error
  }
}

/**
 * Checks that the database can hold every text that exporters send.
 *
 * @throws DatabaseError when it has another encoding
 */
export async function requireUtf8(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(
    `select current_setting('server_encoding') as encoding`,
  )
  const encoding = rows[0]?.encoding
  if (encoding === 'UTF8') return
  throw new DatabaseError(
    `the database (${describeDatabase(client)}) has the encoding ${encoding}, which cannot hold all ` +
      `names that exporters send: make one with "create database netflow template template0 ` +
      `encoding 'UTF8' locale 'C'", and set DATABASE_URL to it`,
  )
}

/** Names the database of a connection for people. */
export function describeDatabase({ database, host, port }: pg.Client): string {
  return `${database ?? 'the default database'} at ${host}:${port}`
}

/** Closes a connection, whatever its state and even when the server is frozen. */
export async function closeClient(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => {
    // It was broken already, which is why it is closed.
  })
  await Promise.race([ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
  client.connection.stream.destroy()
}
