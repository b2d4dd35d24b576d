/**
 * What the database needs beside rows: partitions ahead of time, old ones dropped, and a look at
 * which exporters an operator has switched. It has a connection of its own and never stops loading.
 */

import type pg from 'pg'
import type { Logger } from '../../shared/logger.ts'
import { closeQuietly, connectDatabase } from './database.ts'
import type { Partitions } from './partitions.ts'
import { applyRetention } from './retention.ts'
import { describeError } from './sql-state.ts'

const INTERVAL_MS = 3_600_000
/** After a failure it is tried again sooner. */
const RETRY_MS = 60_000

export interface HousekeepingOptions {
  readonly databaseUrl: string
  readonly partitions: Partitions
  readonly retentionDays: number
  readonly logger: Logger
}

/** A row of `exporters`. */
export interface ExporterRow {
  readonly address: string
  readonly enabled: boolean
  readonly firstSeenMicros: number
  readonly lastSeenMicros: number
}

const READ_EXPORTERS = `
  select host(address) as address, enabled,
    (extract(epoch from first_seen) * 1000000)::float8 as "firstSeenMicros",
    (extract(epoch from last_seen) * 1000000)::float8 as "lastSeenMicros"
  from exporters`

export class Housekeeping {
  readonly #options: HousekeepingOptions
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  /** One statement at a time on the one connection. */
  #last: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  /** Does the work now and every hour. */
  async start(): Promise<void> {
    const { partitions, retentionDays, logger } = this.#options
    let nextMs = INTERVAL_MS
    try {
      await this.use(async (client) => {
        const made = await partitions.ensureAhead(client, Date.now())
        if (made.length > 0) logger.info({ partitions: made }, 'made partitions ahead of time')
        await applyRetention(client, Date.now(), { days: retentionDays, logger })
      })
    } catch (error) {
      nextMs = RETRY_MS
      logger.warn(describeError(error), 'partitions could not be kept; trying again in a minute')
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.start(), nextMs)
  }

  /** Reads all exporters. */
  readExporters(): Promise<readonly ExporterRow[]> {
    return this.use(async (client) => (await client.query<ExporterRow>(READ_EXPORTERS)).rows)
  }

  /** Uses the connection; after an error it is made anew. */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const result = this.#last.then(async () => {
      try {
        this.#client ??= await connectDatabase(this.#options.databaseUrl)
        return await work(this.#client)
      } catch (error) {
        if (this.#client) closeQuietly(this.#client)
        this.#client = undefined
        throw error
      }
    })
    this.#last = result.catch(() => {})
    return result
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#last
    await this.#client?.end().catch(() => {})
    this.#client = undefined
  }
}
