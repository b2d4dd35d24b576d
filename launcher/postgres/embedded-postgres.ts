/**
 * This program's own PostgreSQL server, on a unix socket and, if wanted, on loopback TCP: creates the
 * cluster, starts the server or adopts a running one, and stops it.
 */

import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../shared/logger.ts'
import { createCluster, DATABASE_NAME, DATABASE_USER, readClusterMajor } from './cluster.ts'
import { DatabaseWatchdog } from './database-watchdog.ts'
import {
  chooseSocketDir,
  clearStaleLocks,
  findRunningServer,
  type RunningServer,
} from './postmaster-file.ts'
import { READER_ROLE, readOrCreatePassword } from './reader-login.ts'
import { chooseServerAccount, handOver } from './server-account.ts'
import { findServerBinaries } from './server-binaries.ts'
import { ServerError } from './server-error.ts'
import { ensureDatabase, ensureReader, isServerReady } from './server-probe.ts'
import { isAlive, type Server, type StopMode, signal, spawnServer } from './server-process.ts'
import { listenSettings, portOf, prepareTcp, type TcpAccess } from './tcp-access.ts'

export interface EmbeddedPostgresOptions {
  /** The cluster, created when missing. The server's first messages go to `<dataDir>.log`. */
  readonly dataDir: string
  /** The folder of the socket; a temporary folder replaces it when the path is too long. */
  readonly socketDir: string
  readonly logger?: Logger
  /** undefined: no TCP. */
  readonly tcp?: TcpAccess | undefined
  /** Server settings in addition to those of this class. */
  readonly settings?: Readonly<Record<string, string>>
  /** False: may lose data in a power cut; for tests. Default true. */
  readonly durable?: boolean
  /** False: behaves as where user namespaces are forbidden. Default true. */
  readonly userNamespaces?: boolean
  /** Called when the server ended without a call of `stop`. */
  readonly onExit?: () => void
}

const STOP_DEADLINE_MS = 60_000
const EARLIER_SERVER_DEADLINE_MS = 120_000

export class EmbeddedPostgres {
  readonly #options: EmbeddedPostgresOptions
  readonly #dataDir: string
  readonly #watchdog: DatabaseWatchdog
  #server: Server | undefined
  #poll: NodeJS.Timeout | undefined
  #readerUrl: string | undefined

  constructor(options: EmbeddedPostgresOptions) {
    this.#options = options
    this.#dataDir = resolve(options.dataDir)
    this.#watchdog = new DatabaseWatchdog(this.#dataDir)
  }

  /** The pid of the running server. */
  get pid(): number | undefined {
    return this.#server?.running ? this.#server.pid : undefined
  }

  /** The pid of the process that stops the server if this one is killed. */
  get watchdogPid(): number | undefined {
    return this.#watchdog.pid
  }

  /** The folder of the socket. @throws before the first start */
  get socketDir(): string {
    if (!this.#server) throw new Error('the embedded PostgreSQL was never started')
    return this.#server.socketDir
  }

  /** The connection string of the database `netflow`, for pg and for psql. */
  get url(): string {
    const host = encodeURIComponent(this.socketDir)
    return `postgres://${DATABASE_USER}@${host}:${portOf(this.#options.tcp)}/${DATABASE_NAME}`
  }

  /** The connection string of other tools, with its password; undefined without TCP. */
  get readerUrl(): string | undefined {
    return this.#readerUrl
  }

  /** Starts the server or adopts a running one; resolves when it accepts sessions. */
  async start(): Promise<void> {
    if (this.#server?.running) return
    await mkdir(dirname(this.#dataDir), { recursive: true, mode: 0o700 })
    const server = (await this.#adopt()) ?? (await this.#launch())
    this.#server = server
    this.#watchdog.start()
    await ensureDatabase(server)
    const { tcp } = this.#options
    if (!tcp) return
    const password = await readOrCreatePassword(tcp.passwordFile)
    await ensureReader(server, password)
    this.#readerUrl = `postgres://${READER_ROLE}:${password}@127.0.0.1:${tcp.port}/${DATABASE_NAME}`
  }

  /** Names the processes that may finish their sessions if this process is killed. */
  setClients(pids: readonly number[]): void {
    this.#watchdog.setClients(pids)
  }

  /**
   * Stops the server and waits for its end. After a deadline, a fast stop becomes an immediate one.
   */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    const server = this.#server
    if (!server?.running) return
    server.running = false
    clearInterval(this.#poll)
    this.#watchdog.stop()
    signal(server.pid, mode)
    const deadline = Date.now() + STOP_DEADLINE_MS
    let isPatient = mode === 'fast'
    while (await isAlive(server)) {
      if (isPatient && Date.now() > deadline) {
        isPatient = false
        this.#options.logger?.warn(
          'PostgreSQL does not stop; stopping it at once, it recovers at its next start',
        )
        signal(server.pid, 'immediate')
      }
      await sleep(10)
    }
    await this.#removeTemporaryDir(server.socketDir)
  }

  /** Waits until an earlier server answers, and adopts it, or until it has ended. */
  async #adopt(): Promise<Server | undefined> {
    const deadline = Date.now() + EARLIER_SERVER_DEADLINE_MS
    let isLogged = false
    for (;;) {
      const running = await findRunningServer(this.#dataDir)
      if (!running) return undefined
      if (!this.#listensAsWanted(running)) {
        signal(running.pid, 'fast')
      } else if (await isServerReady(running)) {
        this.#options.logger?.info(
          { serverPid: running.pid },
          'using the PostgreSQL that runs already',
        )
        const server = { ...running, child: undefined, running: true }
        this.#poll = setInterval(() => void this.#checkAdopted(server), 200).unref()
        return server
      }
      if (Date.now() > deadline) {
        throw new ServerError(
          `the PostgreSQL with pid ${running.pid} on ${this.#dataDir} neither answers nor ends; ` +
            `look at its log, or stop it with: kill -INT ${running.pid}`,
        )
      }
      if (!isLogged) {
        isLogged = true
        this.#options.logger?.info({ serverPid: running.pid }, 'waiting for an earlier PostgreSQL')
      }
      await sleep(50)
    }
  }

  /** The server of an earlier start may have another port. */
  #listensAsWanted({ port, hasTcp }: RunningServer): boolean {
    const { tcp } = this.#options
    return port === portOf(tcp) && hasTcp === (tcp !== undefined)
  }

  async #checkAdopted(server: Server): Promise<void> {
    if (!(await isAlive(server))) this.#onEnd(server)
  }

  #onEnd(server: Server): void {
    if (!server.running) return
    server.running = false
    clearInterval(this.#poll)
    if (this.#server === server) this.#options.onExit?.()
  }

  async #launch(): Promise<Server> {
    const { userNamespaces = true, durable = true, socketDir: wanted, tcp } = this.#options
    const port = portOf(tcp)
    const dataDir = this.#dataDir
    const account = await chooseServerAccount({ dataDir, userNamespaces })
    const major = await readClusterMajor(dataDir)
    const { binDir } = await findServerBinaries(major)
    if (major === undefined) await createCluster({ dataDir, binDir, account, durable })
    else await handOver(account, dataDir, binDir)
    // A restarted server keeps its socket, which clients know.
    const socketDir =
      this.#server?.socketDir ?? (await chooseSocketDir({ socketDir: wanted, port }, account))
    await clearStaleLocks(dataDir, { socketDir, port })
    await prepareTcp(dataDir, account, tcp)
    const log = `${dataDir}.log`
    const settings = this.#settings(socketDir)
    const child = await spawnServer({ binDir, account, dataDir, settings, log })
    const server = { pid: child.pid ?? 0, socketDir, port, child, running: true }
    try {
      await this.#waitUntilReady(server)
    } catch (error) {
      server.running = false
      if (await isAlive(server)) signal(server.pid, 'immediate')
      throw error
    }
    child.once('exit', () => this.#onEnd(server))
    if (child.exitCode !== null || child.signalCode !== null) this.#onEnd(server)
    return server
  }

  /** Any folder other than the wanted one was created for this server. */
  async #removeTemporaryDir(socketDir: string): Promise<void> {
    if (socketDir === resolve(this.#options.socketDir)) return
    await rm(socketDir, { recursive: true, force: true })
    this.#server = undefined
  }

  #settings(socketDir: string): Readonly<Record<string, string>> {
    const { tcp, settings, durable } = this.#options
    return {
      ...listenSettings(this.#dataDir, tcp),
      unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
      // The folder may be open to others, but a server without passwords is for its owner only.
      unix_socket_permissions: '0700',
      ...settings,
      ...(durable === false ? { fsync: 'off', full_page_writes: 'off' } : {}),
    }
  }

  async #waitUntilReady(server: Server): Promise<void> {
    let nextMessage = Date.now() + 10_000
    while (!(await isServerReady(server))) {
      if (!(await isAlive(server))) {
        const log = await readFile(`${this.#dataDir}.log`, 'utf8')
        throw new ServerError(
          `PostgreSQL did not start on ${this.#dataDir}:\n${log.trim().slice(-2_000)}`,
        )
      }
      if (Date.now() > nextMessage) {
        nextMessage += 10_000
        this.#options.logger?.info('PostgreSQL is still starting, perhaps recovering from a crash')
      }
      await sleep(15)
    }
  }
}
