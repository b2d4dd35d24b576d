/**
 * Everything of `npm start` in its order: lock, database, schema, pipe, writer and collector. A
 * stop goes the way back.
 */

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../shared/logger.ts'
import { ensurePipe } from '../writer/journal/pipe-source.ts'
import type { GreetingFacts } from './greeting.ts'
import { migrateWhenReachable } from './migration.ts'
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

interface LauncherOptions {
  readonly settings: LauncherSettings
  readonly logger: Logger
  /** Tells the user that everything runs. */
  readonly greet: (facts: GreetingFacts) => void
  /** Called when a process cannot run and has logged why: all has to stop, with its exit code. */
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

  /** Stops collector, writer and database, in this order: each drains into the next. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#starting?.catch(() => {}) // Its caller has the error.
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
    await this.#greet(ports, databaseUrl)
  }

  /**
   * Starts the writer, then the collector, each when the one before is ready: what a collector
   * receives while no writer can run would be lost.
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

  #untilReady(
    make: (onReady: (message: ReadyMessage) => void) => SupervisedProcess,
  ): Promise<ReadyMessage> {
    const ready = new Promise<ReadyMessage>((resolve) => make(resolve).start())
    return Promise.race([ready, rejectOnAbort(this.#stopping.signal)])
  }

  #makeProcess(
    name: 'collector' | 'writer',
    environment: NodeJS.ProcessEnv,
    own: { readonly stopDeadlineMs: number; readonly onReady: (message: ReadyMessage) => void },
  ): SupervisedProcess {
    return new SupervisedProcess({
      ...own,
      name,
      environment,
      modulePath: join(PROGRAM_DIR, 'dist', name, 'main.js'),
      logger: this.#options.logger,
      onPid: () => this.#notePids(),
      onRefusal: this.#options.onRefusal,
    })
  }

  /** Lets the watchdog and the next launcher know which processes work on if this one is killed. */
  #notePids(): void {
    const isPid = (pid: number | undefined) => pid !== undefined
    const clients = [this.#collector?.pid, this.#writer?.pid].filter(isPid)
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

  async #greet(ports: readonly number[], databaseUrl: string): Promise<void> {
    const { settings, greet } = this.#options
    greet({
      host: settings.netflowHost,
      ports,
      pipePath: settings.pipePath,
      socketDir: this.#database?.socketDir,
      databaseUrl,
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
