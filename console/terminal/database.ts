/**
 * Finds and opens the database: `--database-url`, the usual environment, or the server that
 * `npm start` runs in this folder.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { to } from 'pg-copy-streams'
import { SESSION_SETTINGS, TEXTS } from '../database/session.ts'
import { POSTGRES } from '../query/dialect.ts'
import type { Row, Sql } from '../query/sql.ts'
import { NoAnswerError, UsageError } from './errors.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** The embedded server has one user and one database. */
const EMBEDDED_NAME = 'netflow'
/** As with `npm start`, these name a database; a user name alone does not. */
const PLACE_VARIABLES = ['PGHOST', 'PGPORT', 'PGDATABASE'] as const

/** Rows are fetched in portions of this size, so that an answer of any length fits into memory. */
const PORTION = 2000

interface DatabasePlace {
  readonly databaseUrl: string | undefined
  readonly environment: NodeJS.ProcessEnv
  /** The folder in which `npm start` would run. */
  readonly folder: string
}

async function findDatabase(place: DatabasePlace): Promise<pg.ClientConfig> {
  const url = place.databaseUrl ?? place.environment['DATABASE_URL']?.trim()
  if (url) {
    if (/^postgres(ql)?:\/\//.test(url)) return { connectionString: url }
    const name = place.databaseUrl === undefined ? 'DATABASE_URL' : '--database-url'
    throw new UsageError(`${name} is no URL such as postgres://user:password@host:port/database`)
  }
  if (PLACE_VARIABLES.some((name) => place.environment[name])) return {}
  return findEmbedded(join(place.folder, 'data', 'postgres'))
}

/** Reads where the running server of a cluster listens: line 4 is the port, line 5 the folder. */
async function findEmbedded(dataDir: string): Promise<pg.ClientConfig> {
  const path = join(dataDir, 'postmaster.pid')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === 'EACCES'
        ? `${path} belongs to another user: run this as that user`
        : `none runs in ${dataDir}: start it there (npm start), set DATABASE_URL or PGHOST, or ` +
          'name one by --database-url'
    throw new NoAnswerError(`no database: ${reason}`, { cause: error })
  })
  const lines = text.split('\n')
  const [port, host] = [Number(lines[3]), lines[4] ?? '']
  return { host, port, user: EMBEDDED_NAME, database: EMBEDDED_NAME, ssl: false }
}

/**
 * Connects to a database that need not have our tables. Values have the types of the driver. The
 * caller ends the session.
 *
 * @throws NoAnswerError when there is no database
 */
export async function connectPlain(place: DatabasePlace): Promise<pg.Client> {
  const client = new pg.Client({
    ...(await findDatabase(place)),
    application_name: 'netflow-terminal',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('set client_min_messages = warning')
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw noDatabase(client, error)
  }
}

/** One session, and how to cancel its running query. */
export class Database {
  readonly dialect = POSTGRES
  readonly #client: pg.Client
  readonly #config: pg.ClientConfig
  #isCancelled = false

  private constructor(client: pg.Client, config: pg.ClientConfig) {
    this.#client = client
    this.#config = config
  }

  /** @throws NoAnswerError when there is no database, or it does not have our tables */
  static async open(place: DatabasePlace): Promise<Database> {
    const found = await findDatabase(place)
    const config: pg.ClientConfig = {
      ...found,
      application_name: 'netflow-terminal',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    }
    const client = new pg.Client({ ...config, types: TEXTS as never })
    // A lost connection also rejects the waiting query.
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query(SESSION_SETTINGS)
      const { rows } = await client.query("select to_regclass('answer_definitions') as found")
      if (rows[0]?.found) return new Database(client, config)
    } catch (error) {
      await client.end().catch(() => {})
      throw noDatabase(client, error)
    }
    await client.end()
    throw new NoAnswerError(
      `the database at ${describe(client)} has no tables of this version: run npm run migrate`,
    )
  }

  /** Runs one query. */
  async ask({ text, values }: Sql): Promise<readonly Row[]> {
    // An answer may take several queries, and the server cancels only the one that runs.
    if (this.#isCancelled) throw new NoAnswerError('cancelled')
    return (await this.#client.query(text, [...values])).rows as Row[]
  }

  /** Lets several queries see one snapshot, read only. */
  async inSnapshot<Value>(use: () => Promise<Value>): Promise<Value> {
    await this.#client.query('begin isolation level repeatable read read only')
    try {
      return await use()
    } finally {
      await this.#client.query('rollback').catch(() => {})
    }
  }

  /** Fetches the rows of a query in portions. */
  async *fetch(query: Sql): AsyncGenerator<readonly Row[]> {
    await this.#client.query('begin read only')
    try {
      yield* this.#fetchAll(query)
    } finally {
      await this.#client.query('rollback').catch(() => {})
    }
  }

  /** Fetches rows like `fetch`; each portion also has the count of all rows in the same snapshot. */
  async *fetchCounted(
    query: Sql,
    counting: Sql,
  ): AsyncGenerator<{ readonly count: number; readonly rows: readonly Row[] }> {
    await this.#client.query('begin isolation level repeatable read read only')
    try {
      const [counted] = await this.ask(counting)
      const count = Number(counted?.['count'])
      for await (const rows of this.#fetchAll(query)) yield { count, rows }
    } finally {
      await this.#client.query('rollback').catch(() => {})
    }
  }

  /** Fetches rows within the open transaction; the last portion may be empty. */
  async *#fetchAll({ text, values }: Sql): AsyncGenerator<readonly Row[]> {
    await this.#client.query(`declare answer no scroll cursor for ${text}`, [...values])
    for (;;) {
      const rows = await this.ask({ text: `fetch ${PORTION} from answer`, values: [] })
      yield rows
      if (rows.length < PORTION) return
    }
  }

  /** Runs COPY … TO STDOUT into a stream, and ends it. */
  copyTo(sql: string, sink: Writable): Promise<void> {
    return pipeline(this.#client.query(to(sql)), sink)
  }

  /** Cancels the running query in the server; later ones are refused. */
  async cancel(): Promise<void> {
    this.#isCancelled = true
    const { processID } = this.#client as pg.Client & { processID?: number }
    const other = new pg.Client(this.#config)
    other.on('error', () => {})
    try {
      await other.connect()
      await other.query('select pg_cancel_backend($1)', [processID])
    } finally {
      await other.end().catch(() => {})
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {})
  }
}

function describe({ host, port, database = '' }: pg.Client): string {
  return `${host}:${port}/${database}`
}

function noDatabase(client: pg.Client, error: unknown): NoAnswerError {
  const reason = error instanceof Error ? error.message || String(error) : String(error)
  return new NoAnswerError(
    `no database at ${describe(client)}: ${reason}; --database-url names another one`,
    { cause: error },
  )
}
