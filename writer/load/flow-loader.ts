/** Interim: replaced by the loading part. One connection, one batch after the other. */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Logger } from '../../shared/logger.ts'
import type { CopyBatch } from './copy-batch.ts'
import { migrateDatabase } from './migrate.ts'

export interface LoaderState {
  readonly position: number
  readonly exporters: readonly ExporterRow[]
  readonly streams: readonly StreamRow[]
}

interface ExporterRow {
  readonly address: string
  readonly enabled: boolean
  readonly firstSeenMicros: number
  readonly lastSeenMicros: number
}

interface StreamRow {
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  readonly sequenceState: never
}

export interface FlowLoaderOptions {
  readonly settings: { readonly DATABASE_URL: string }
  readonly logger: Logger
  readonly journalId: string
  readonly onReleased: (batch: CopyBatch) => void
}

export class FlowLoader {
  readonly #options: FlowLoaderOptions
  #client: pg.Client | undefined
  #chain: Promise<void> = Promise.resolve()
  #position = 0

  constructor(options: FlowLoaderOptions) {
    this.#options = options
  }

  async start(): Promise<LoaderState> {
    const { settings, logger, journalId } = this.#options
    await migrateDatabase(settings.DATABASE_URL, logger)
    const client = await this.#connect()
    await client.query(
      'insert into journal_positions (journal, position) values ($1, 0) on conflict do nothing',
      [journalId],
    )
    const found = await client.query('select position from journal_positions where journal = $1', [
      journalId,
    ])
    this.#position = Number(found.rows[0].position)
    const exporters = await this.readExporters()
    const streams = await client.query(
      `select host(exporter) as exporter, export_version as "exportVersion",
        observation_domain::float8 as "observationDomain", sequence_state as "sequenceState"
       from exporter_streams`,
    )
    return { position: this.#position, exporters, streams: streams.rows }
  }

  async readExporters(): Promise<ExporterRow[]> {
    const client = await this.#connect()
    const { rows } = await client.query(
      `select host(address) as address, enabled,
        (extract(epoch from first_seen) * 1e6)::float8 as "firstSeenMicros",
        (extract(epoch from last_seen) * 1e6)::float8 as "lastSeenMicros" from exporters`,
    )
    return rows
  }

  submit(batch: CopyBatch): void {
    this.#chain = this.#chain.then(() => this.#load(batch))
  }

  async drain(): Promise<void> {
    await this.#chain
  }

  async stop(): Promise<void> {
    await this.#client?.end()
  }

  async #load(batch: CopyBatch): Promise<void> {
    for (;;) {
      try {
        await this.#loadOnce(batch)
        break
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'loading failed, trying again')
        await this.#client?.end().catch(() => {})
        this.#client = undefined
        await sleep(500)
      }
    }
    this.#options.onReleased(batch)
  }

  async #loadOnce(batch: CopyBatch): Promise<void> {
    const client = await this.#connect()
    for (const day of batch.days) {
      const name = `flows_${new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`
      const bounds = [day, day + 1].map((d) => new Date(d * 86_400_000).toISOString())
      await client.query(
        `create table if not exists ${name} partition of flows for values from ('${bounds[0]}') to ('${bounds[1]}')`,
      )
    }
    await client.query('begin')
    if (batch.rows > 0) {
      const copy = client.query(copyFrom('copy flows from stdin binary'))
      await pipeline(Readable.from([batch.copyStream]), copy)
    }
    const { changes } = batch
    for (const e of changes.exporters.values()) {
      await client.query(
        `insert into exporters (address, enabled, first_seen, last_seen)
         values ($1, $2, to_timestamp($3), to_timestamp($4))
         on conflict (address) do update set last_seen = excluded.last_seen`,
        [e.address, e.enabled, e.firstSeenMicros / 1e6, e.lastSeenMicros / 1e6],
      )
    }
    for (const s of changes.streams.values()) {
      await client.query(
        `insert into exporter_streams as t (exporter, export_version, observation_domain, first_seen,
          last_seen, datagrams, flow_records, lost, late, duplicates, restarts, sequence_unit,
          next_sequence, sequence_state)
         values ($1, $2, $3, now(), now(), $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (exporter, export_version, observation_domain) do update set
          last_seen = now(), datagrams = t.datagrams + $4, flow_records = t.flow_records + $5,
          lost = t.lost + $6, late = t.late + $7, duplicates = t.duplicates + $8,
          restarts = t.restarts + $9, sequence_unit = $10, next_sequence = $11, sequence_state = $12`,
        [
          s.exporter,
          s.exportVersion,
          s.observationDomain,
          s.datagrams,
          s.flowRecords,
          s.lost,
          s.late,
          s.duplicates,
          s.restarts,
          s.sequenceUnit,
          s.nextSequence,
          JSON.stringify(s.sequenceState),
        ],
      )
    }
    for (const g of changes.gaps) {
      await client.query(
        `insert into sequence_gaps (detected_at, exporter, export_version, observation_domain,
          expected, received, lost, unit) values (to_timestamp($1), $2, $3, $4, $5, $6, $7, $8)`,
        [
          g.detectedAtMicros / 1e6,
          g.exporter,
          g.exportVersion,
          g.observationDomain,
          g.expected,
          g.received,
          g.lost,
          g.unit,
        ],
      )
    }
    await client.query('update journal_positions set position = $2 where journal = $1', [
      this.#options.journalId,
      batch.journalTo,
    ])
    await client.query('commit')
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client) return this.#client
    const client = new pg.Client({ connectionString: this.#options.settings.DATABASE_URL })
    client.on('error', () => {})
    await client.connect()
    this.#client = client
    return client
  }
}
