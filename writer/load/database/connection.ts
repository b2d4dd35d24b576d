/** Opens and closes connections to the database, all in the same way. */

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Libc } from '../../../shared/libc.ts'
import { spellOutVerification } from './tls.ts'
import { refuseUnloadedTimescale } from './unloaded-timescale.ts'

/** A COPY or statement that needs longer is given up: the server hangs. The batch is kept. */
const QUERY_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 1_000

/** The kernel grants less where net.core.wmem_max is less, but still twice its default. */
const SEND_BUFFER_BYTES = 1_048_576

/**
 * In a Citus cluster, a transaction that has copied into shards can write the tables of the state only
 * with this.
 */
const CITUS_SETTINGS = `
  select set_config('citus.multi_shard_modify_mode', 'sequential', false)
  where to_regclass('pg_dist_partition') is not null`

/**
 * Sets all that a session must not leave to the defaults of server and role. The server's timeouts
 * end before the client's: else the server would go on with what the client has given up. By its
 * keepalives the server notices within a minute that this host is gone, and frees its locks. The
 * journal deletes what is committed, so a commit must survive a crash of the server:
 * `synchronous_commit = off` is overridden; stricter values are kept.
 */
const SESSION_SETTINGS = `
  set client_encoding = 'UTF8';
  set timezone = 'UTC';
  set datestyle = 'ISO';
  set lock_timeout = '20s';
  set statement_timeout = '50s';
  set idle_in_transaction_session_timeout = 0;
  select set_config(name, '0', false) from pg_settings
  where name in ('transaction_timeout', 'idle_session_timeout');
  set client_min_messages = warning;
  set tcp_keepalives_idle = 20;
  set tcp_keepalives_interval = 10;
  set tcp_keepalives_count = 3;
  select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') = 'off';
  ${CITUS_SETTINGS}`

/** The database cannot be used. The message says what to do. */
export class DatabaseError extends Error {
  readonly code = 'NO_DATABASE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'DatabaseError'
  }
}

/** @param databaseUrl empty: libpq's PG variables */
export function connectionConfig(databaseUrl: string): pg.ClientConfig {
  return {
    ...(databaseUrl === '' ? {} : { connectionString: spellOutVerification(databaseUrl) }),
    application_name: 'netflow-writer',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** Called when a connection breaks, even while nobody uses it. */
export type OnLost = (client: pg.Client) => void

/** Opens a connection, whose session still has the defaults of server and role. */
export async function openClient(
  config: pg.ClientConfig,
  onLost: OnLost = () => {},
): Promise<pg.Client> {
  const client = new pg.Client(config)
  // Without a listener a lost connection would end the process; its queries fail anyway.
  client.on('error', () => onLost(client))
  try {
    await client.connect()
    return client
  } catch (error) {
    await closeClient(client)
    throw error
  }
}

/**
 * Sets what the statements of the writer need.
 *
 * @throws UnloadedTimescaleError when the server does not find all flows
 */
export async function prepareSession(client: pg.Client): Promise<void> {
  await client.query(SESSION_SETTINGS)
  await refuseUnloadedTimescale(client)
}

/** Opens a connection and prepares its session. */
export async function connectDatabase(
  config: pg.ClientConfig,
  onLost?: OnLost,
): Promise<pg.Client> {
  const client = await openClient(config, onLost)
  try {
    await prepareSession(client)
    return client
  } catch (error) {
    await closeClient(client)
    throw error
  }
}

/** Closes a connection in whatever state it is, even when the server is frozen. */
export async function closeClient(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => {
    // It may be broken already.
  })
  await Promise.race([ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
  client.connection.stream.destroy()
}

/** Node exposes the descriptor of a socket nowhere else. */
type SocketWithHandle = Socket & { readonly _handle?: { readonly fd?: number } | null }

/**
 * Widens the send buffer of a connection by a Unix socket. With the kernel's default, COPY drains
 * it within half a millisecond after the kernel reports room, and then waits whenever this process
 * decodes for longer. TCP sizes its buffers by itself.
 *
 * @returns whether the buffer is wider now; without that the connection is only slower
 */
export function widenSendBuffer(client: pg.Client, libc: Libc | undefined): boolean {
  const isUnixSocket = client.host.startsWith('/')
  const fd = (client.connection.stream as SocketWithHandle)._handle?.fd ?? -1
  if (libc === undefined || !isUnixSocket || fd < 0) return false
  return libc.setSendBuffer(fd, SEND_BUFFER_BYTES)
}
