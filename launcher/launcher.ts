/**
 * Starts everything of `npm start` in this order: locks, database, schema, pipe, writer, collector
 * and page. Stops all of it in the reverse order.
 */

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../shared/logger.ts'
import { ensurePipe } from '../writer/journal/pipe-source.ts'
import type { GreetingFacts } from './greeting.ts'
import { migrateWhenReachable } from './migration.ts'
import { ensureRoles, roleUrl } from './postgres/roles.ts'
import { SupervisedDatabase } from './postgres/supervised-database.ts'
import { HeldPipe } from './process/held-pipe.ts'
import { StartLock } from './process/start-lock.ts'
import { type ReadyMessage, SupervisedProcess } from './process/supervised-process.ts'
import {
  DATA_DIR,
  type LauncherSettings,
  READER_PASSWORD_FILE,
  withoutDatabase,
  withoutPostgresVariables,
} from './settings.ts'

/** The folder of the program, two above `dist/launcher`. */
const PROGRAM_DIR = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
/** Above the deadlines of the processes themselves, which end them in better order. */
const COLLECTOR_STOP_MS = 20_000
const WRITER_STOP_MS = 40_000
const WEB_STOP_MS = 15_000

const MODULES = {
  collector: 'dist/collector/main.js',
  writer: 'dist/writer/main.js',
  web: 'dist/console/web/main.js',
} as const

interface LauncherOptions {
  readonly settings: LauncherSettings
  readonly logger: Logger
  /** Shows the user that everything runs. */
  readonly greet: (facts: GreetingFacts) => void
  /** Called when a process cannot run and has logged why. Everything must stop, with its exit code. */
  readonly onRefusal: (exitCode: 1 | 2) => void
}

export class Launcher {
  readonly #options: LauncherOptions
  readonly #locks: readonly StartLock[]
  readonly #database: SupervisedDatabase | undefined
  readonly #stopping = new AbortController()
  #starting: Promise<void> | undefined
  #pipe: HeldPipe | undefined
  #writer: SupervisedProcess | undefined
  #collector: SupervisedProcess | undefined
  #web: SupervisedProcess | undefined
  /** The latest write of the lock files. */
  #noting: Promise<void> = Promise.resolve()

  constructor(options: LauncherOptions) {
    const { settings, logger } = options
    this.#options = options
    const isEmbedded = settings.databaseUrl === undefined
    const port = settings.embeddedPort
    const tcp = port > 0 ? { port, passwordFile: READER_PASSWORD_FILE } : undefined
    this.#database = isEmbedded ? new SupervisedDatabase(DATA_DIR, logger, tcp) : undefined
    if (tcp && !isEmbedded) {
      logger.warn('EMBEDDED_PG_PORT has no effect: DATABASE_URL or PGHOST names another database')
    }
    // Two launchers must share neither a cluster nor a pipe, and these may be in different folders.
    const folders = isEmbedded ? [join(DATA_DIR, 'launcher.lock')] : []
    this.#locks = [...folders, `${settings.pipePath}.lock`].map((path) => new StartLock(path))
  }

  /**
   * Starts everything. Resolves when both processes are ready and the greeting is printed, or
   * earlier when `stop` is called meanwhile.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) throw error
    })
    return this.#starting
  }

  /** Stops the page, then collector, writer and database, in this order: each drains into the next. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#starting?.catch(() => {}) // Its caller has the error.
    await this.#web?.stop()
    await this.#collector?.stop()
    await this.#writer?.stop()
    this.#pipe?.close()
    this.#pipe = undefined
    await this.#database?.stop()
    await this.#noting
    for (const lock of this.#locks) await lock.release()
  }

  async #start(): Promise<void> {
    const { settings, logger } = this.#options
    const { signal } = this.#stopping
    for (const lock of this.#locks) {
      await lock.take((pids) => logger.info({ pids }, 'waiting for processes of an earlier start'))
    }
    signal.throwIfAborted()
    await this.#database?.start()
    const databaseUrl = this.#database?.url ?? settings.databaseUrl ?? ''
    await migrateWhenReachable({ databaseUrl, logger, signal })
    ensurePipe(settings.pipePath, logger)
    this.#pipe = new HeldPipe(settings.pipePath)
    signal.throwIfAborted()
    const { ports = [] } = await this.#startProcesses(databaseUrl)
    const pageUrl = settings.hasWeb ? await this.#startWeb(databaseUrl) : undefined
    await this.#greet({ ports, databaseUrl, pageUrl })
  }

  /**
   * Starts the writer and, when it is ready, the collector: datagrams that a collector receives
   * while no writer can run would be lost.
   *
   * @returns the collector's message
   */
  async #startProcesses(databaseUrl: string): Promise<ReadyMessage> {
    const { settings } = this.#options
    const inherited = this.#database ? withoutPostgresVariables(process.env) : process.env
    await this.#untilReady((onReady) => {
      const own = { ...inherited, DATABASE_URL: databaseUrl, ...settings.writerEnvironment }
      this.#writer = this.#makeProcess('writer', own, { stopDeadlineMs: WRITER_STOP_MS, onReady })
      return this.#writer
    })
    return this.#untilReady((onReady) => {
      const own = withoutDatabase(process.env)
      const stopDeadlineMs = COLLECTOR_STOP_MS
      this.#collector = this.#makeProcess('collector', own, { stopDeadlineMs, onReady })
      return this.#collector
    })
  }

  /**
   * Starts the page. Where it cannot run, it logs why, and everything else goes on.
   *
   * @returns its URL; undefined where it cannot run
   */
  async #startWeb(databaseUrl: string): Promise<string | undefined> {
    if (this.#database && !(await this.#hasRoles(databaseUrl))) return undefined
    const own = this.#database
      ? {
          ...withoutPostgresVariables(process.env),
          DATABASE_URL: roleUrl(databaseUrl, 'netflow_reader'),
          API_DATABASE_URL: roleUrl(databaseUrl, 'netflow_operator'),
        }
      : { ...process.env, DATABASE_URL: databaseUrl }
    const ready = new Promise<ReadyMessage | undefined>((resolve) => {
      this.#web = this.#makeProcess('web', own, {
        stopDeadlineMs: WEB_STOP_MS,
        onReady: resolve,
        onRefusal: () => resolve(undefined),
      })
      this.#web.start()
    })
    const message = await Promise.race([ready, rejectOnAbort(this.#stopping.signal)])
    return message?.url
  }

  /** Whether the embedded database has the roles of the page. */
  async #hasRoles(databaseUrl: string): Promise<boolean> {
    try {
      await ensureRoles(databaseUrl, { operator: Boolean(process.env['API_AUTH_KEY']?.trim()) })
      return true
    } catch (error) {
      const { logger } = this.#options
      logger.error({ err: error }, 'no page: its roles cannot be created')
      return false
    }
  }

  #untilReady(
    make: (onReady: (message: ReadyMessage) => void) => SupervisedProcess,
  ): Promise<ReadyMessage> {
    const ready = new Promise<ReadyMessage>((resolve) => make(resolve).start())
    return Promise.race([ready, rejectOnAbort(this.#stopping.signal)])
  }

  #makeProcess(
    name: keyof typeof MODULES,
    environment: NodeJS.ProcessEnv,
    own: {
      readonly stopDeadlineMs: number
      readonly onReady: (message: ReadyMessage) => void
      readonly onRefusal?: () => void
    },
  ): SupervisedProcess {
    return new SupervisedProcess({
      onRefusal: this.#options.onRefusal,
      ...own,
      name,
      environment,
      modulePath: join(PROGRAM_DIR, MODULES[name]),
      logger: this.#options.logger,
      onPid: () => this.#notePids(),
    })
  }

  /** Notes for the watchdog and the next launcher which processes go on if this one is killed. */
  #notePids(): void {
    const isPid = (pid: number | undefined) => pid !== undefined
    const clients = [this.#collector?.pid, this.#writer?.pid, this.#web?.pid].filter(isPid)
    this.#database?.setClients(clients)
    const pids = [...clients, this.#database?.watchdogPid].filter(isPid)
    this.#noting = this.#noting
      .then(async () => {
        for (const lock of this.#locks) await lock.setChildren(pids)
      })
      .catch((error: unknown) => {
        this.#options.logger.warn(
          { err: error },
          'the lock file cannot be written: if this process is killed, the next start may not ' +
            'wait for its children; check the folder and the disk',
        )
      })
  }

  async #greet(own: Pick<GreetingFacts, 'ports' | 'databaseUrl' | 'pageUrl'>): Promise<void> {
    const { settings, greet } = this.#options
    greet({
      ...own,
      host: settings.netflowHost,
      pipePath: settings.pipePath,
      socketDir: this.#database?.socketDir,
      readerUrl: this.#database?.readerUrl,
      passwordFile: READER_PASSWORD_FILE,
      hasPsql: await isOnPath('psql'),
      programDir: PROGRAM_DIR,
    })
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}
