/**
 * Keeps the embedded server of `npm start` running: restarts it when it ends by itself. Its clients
 * wait until it is back.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../shared/logger.ts'
import { EmbeddedPostgres } from './embedded-postgres.ts'
import type { TcpAccess } from './tcp-access.ts'

const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 10_000

/** The server writes one file for each day of the week, and overwrites it a week later. */
const LOG_SETTINGS = {
  logging_collector: 'on',
  log_directory: 'log',
  log_filename: 'postgresql-%a.log',
  log_rotation_age: '1d',
  log_rotation_size: '0',
  log_truncate_on_rotation: 'on',
  // Otherwise the log would contain the whole statement of each refused row.
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
}

export class SupervisedDatabase {
  readonly #logger: Logger
  readonly #server: EmbeddedPostgres
  #isWanted = false
  #restarting: Promise<void> | undefined

  /**
   * @param dataDir the folder of the socket, and of the cluster in `postgres`
   * @param tcp undefined: the socket only
   */
  constructor(dataDir: string, logger: Logger, tcp?: TcpAccess) {
    this.#logger = logger
    this.#server = new EmbeddedPostgres({
      dataDir: join(dataDir, 'postgres'),
      socketDir: dataDir,
      logger,
      tcp,
      settings: LOG_SETTINGS,
      onExit: () => {
        this.#restarting ??= this.#restart().finally(() => {
          this.#restarting = undefined
        })
      },
    })
  }

  get url(): string {
    return this.#server.url
  }

  /** The connection string of other tools, with its password; undefined without TCP. */
  get readerUrl(): string | undefined {
    return this.#server.readerUrl
  }

  get socketDir(): string {
    return this.#server.socketDir
  }

  /** The pid of the process that stops the server if this one is killed. */
  get watchdogPid(): number | undefined {
    return this.#server.watchdogPid
  }

  async start(): Promise<void> {
    this.#isWanted = true
    await this.#server.start()
  }

  /** Names the processes that may finish their sessions if this process is killed. */
  setClients(pids: readonly number[]): void {
    this.#server.setClients(pids)
  }

  async stop(): Promise<void> {
    this.#isWanted = false
    await this.#restarting
    await this.#server.stop('fast')
  }

  async #restart(): Promise<void> {
    let delayMs = FIRST_DELAY_MS
    this.#logger.error('PostgreSQL ended by itself; starting it again, the writer waits for it')
    while (this.#isWanted) {
      try {
        await this.#server.start()
        this.#logger.info('PostgreSQL is back')
        return
      } catch (error) {
        this.#logger.error({ err: error, delayMs }, 'PostgreSQL cannot be started; trying again')
        await sleep(delayMs)
        delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
      }
    }
  }
}
