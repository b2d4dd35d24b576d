/** Connects to the database by the settings; it knows no table. */

import pg from 'pg'

/** A COPY or statement that takes longer is given up: the server hangs, and the batch is kept. */
const QUERY_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000

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
  }
}

/** Opens a connection whose times are in UTC; its own errors reach whoever queries it. */
export async function connectDatabase(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client(connectionConfig(databaseUrl))
  // Without a listener the end of a connection would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(`set timezone to 'UTC'`)
    return client
  } catch (error) {
    closeQuietly(client)
    throw error
  }
}

/** Closes a connection that may be broken already. */
export function closeQuietly(client: pg.Client): void {
  client.end().catch(() => {})
}
