/**
 * Makes databases for tests, copied from a template that was migrated once, and servers to stop and
 * kill. All files are temporary and gone with the test process however it ends. Only databases in the
 * server of DATABASE_URL need `drop`.
 */

import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { EmbeddedPostgres } from '../../launcher/postgres/embedded-postgres.ts'
import type { StopMode } from '../../launcher/postgres/server-process.ts'
import { createLogger } from '../../shared/logger.ts'
import { migrateDatabase } from '../../writer/load/schema/migrate.ts'
import { ClusterTemplate } from './cluster-template.ts'

const SILENT = createLogger('test', 'silent')
/** The migrations of the source tree, seen from the built helper in `dist/test/helpers`. */
const MIGRATIONS_DIR = fileURLToPath(new URL('../../../migrations', import.meta.url))

export interface TestDatabase {
  /** A connection string for pg and for psql. */
  readonly url: string
  /** Ends every session in the database and removes it. */
  drop(): Promise<void>
}

/** Content that several tests begin with. */
export interface Content {
  /** In the name of a database. */
  readonly name: string
  /** Stores it in a migrated database. All its sessions have ended when this resolves. */
  readonly store: (databaseUrl: string) => Promise<void>
}

export interface TestDatabaseOptions {
  /** False: leave it empty. */
  readonly migrate?: boolean
  /** Stored once for all tests of the run, and copied. */
  readonly content?: Content
}

/**
 * Makes a fresh database: in the server of DATABASE_URL, else in that of the whole test run, else in
 * one of this file's.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { migrate = true, content } = options
  const server = await serverUrl()
  const name = `netflow_test_${randomBytes(6).toString('hex')}`
  // A server that outlives the run would keep the content of an older build.
  const isCopied = content !== undefined && !process.env['DATABASE_URL']
  await withClient(server, async (client) => {
    let template = migrate ? await ensureMigrated(client, server) : 'template0'
    if (isCopied) template = await ensureStored(client, server, template, content)
    await client.query(copyDatabase(name, template))
  })
  if (content && !isCopied) await content.store(withDatabase(server, name))
  return {
    url: withDatabase(server, name),
    drop: () =>
      withClient(server, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`)
      }),
  }
}

let ownServer: Promise<string> | undefined

function serverUrl(): Promise<string> {
  const given = process.env['DATABASE_URL'] || process.env['TEST_DATABASE_URL']
  if (given) return Promise.resolve(given)
  ownServer ??= startTestServer({ migrate: false }).then(({ url }) => url)
  return ownServer
}

/** Copying files takes half as long as copying through the write-ahead log. */
function copyDatabase(name: string, template: string): string {
  return `create database ${name} template ${template} strategy file_copy`
}

function ensureMigrated(client: pg.Client, server: string): Promise<string> {
  const name = `netflow_template_${fingerprintMigrations()}`
  return ensureTemplate(client, name, async (unfinished) => {
    await client.query(`create database ${unfinished} template template0`)
    await migrateDatabase(withDatabase(server, unfinished), SILENT)
  })
}

function ensureStored(
  client: pg.Client,
  server: string,
  migrated: string,
  content: Content,
): Promise<string> {
  return ensureTemplate(client, `${migrated}_${content.name}`, async (unfinished) => {
    await client.query(copyDatabase(unfinished, migrated))
    await content.store(withDatabase(server, unfinished))
  })
}

/** Makes a template unless another test file did, and returns its name. */
async function ensureTemplate(
  client: pg.Client,
  name: string,
  make: (unfinished: string) => Promise<void>,
): Promise<string> {
  const unfinished = `${name}_unfinished`
  await client.query('select pg_advisory_lock(hashtext($1))', [name])
  try {
    const known = await client.query('select from pg_database where datname = $1', [name])
    if (known.rowCount) return name
    await client.query(`drop database if exists ${unfinished} with (force)`)
    await make(unfinished)
    await client.query(`alter database ${unfinished} rename to ${name}`)
    return name
  } finally {
    await client.query('select pg_advisory_unlock(hashtext($1))', [name])
  }
}

/** Names the state of the migrations; another content has another name. */
function fingerprintMigrations(): string {
  const hash = createHash('sha256')
  const names = readdirSync(MIGRATIONS_DIR, { recursive: true, encoding: 'utf8' })
  for (const name of names.filter((file) => file.endsWith('.sql')).sort()) {
    hash.update(`${name}\n${readFileSync(join(MIGRATIONS_DIR, name), 'utf8')}\n`)
  }
  return hash.digest('hex').slice(0, 12)
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}

/** A server that a test may stop, kill and start again. */
export interface TestServer {
  /** The connection string of its database `netflow`, the same after a restart. */
  readonly url: string
  readonly dataDir: string
  /** The pid of the running server, for `process.kill`. @throws while it is stopped */
  readonly pid: number
  stop(mode?: StopMode): Promise<void>
  /** Starts it again after a stop or a kill; a running one is stopped first. */
  restart(): Promise<void>
}

export interface TestServerOptions {
  /** False: leave its database empty. */
  readonly migrate?: boolean
  /** True: flushed to disk and vacuumed as in production. */
  readonly durable?: boolean
  /** Server settings beside those that tests need. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Nothing that runs in the background, so that a test has the processor to itself. */
const QUICK_SETTINGS = { autovacuum: 'off', jit: 'off', max_wal_size: '128MB' }

/** Starts a server of the caller's own. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { migrate = true, durable = false } = options
  const folder = await mkdtemp(join(tmpdir(), 'netflow-test-'))
  removeAtExit(folder)
  const dataDir = join(folder, 'postgres')
  const cluster = migrate && !durable ? ClusterTemplate.ofRun() : undefined
  await cluster?.copyTo(dataDir)
  const server = new EmbeddedPostgres({
    dataDir,
    socketDir: folder,
    durable,
    settings: {
      max_connections: '200',
      shared_buffers: '64MB',
      log_statement: 'none',
      ...(durable ? {} : QUICK_SETTINGS),
      ...options.settings,
    },
  })
  await server.start()
  if (migrate && !cluster) await migrateDatabase(server.url, SILENT)
  return {
    url: server.url,
    dataDir,
    get pid() {
      if (server.pid === undefined) throw new Error('the test server is stopped')
      return server.pid
    },
    stop: (mode = 'fast') => server.stop(mode),
    async restart() {
      await server.stop()
      await server.start()
    },
  }
}

/**
 * Starts the server of a whole test run. The environment that it returns leads tests to it, and to
 * a migrated cluster for servers of their own.
 */
export async function startRunServer(): Promise<{
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}> {
  const template = await ClusterTemplate.create()
  removeAtExit(template.folder)
  process.env['TEST_CLUSTER'] = template.folder
  const server = await startTestServer()
  return {
    environment: { TEST_DATABASE_URL: server.url, TEST_CLUSTER: template.folder },
    stop: () => server.stop(),
  }
}

// The watchdog of EmbeddedPostgres stops the server; this waits for that and removes its files.
const REMOVE_AT_EXIT = `
cat >/dev/null
turns=0
while [ -e "$1/postgres/postmaster.pid" ] && [ $turns -lt 100 ]; do
  sleep 0.1; turns=$((turns + 1))
done
rm -rf -- "$1"
`

/** Removes a folder when this process has ended, even if it was killed. */
function removeAtExit(folder: string): void {
  const child = spawn('sh', ['-c', REMOVE_AT_EXIT, 'remove-test-server', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
}
