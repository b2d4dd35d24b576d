/** Reads the state that the last committed batch has left, for the writer to go on from. */

import type pg from 'pg'
import type { ExporterMemory } from './memory-state.ts'

/** A row of `exporters`. Times are Unix microseconds. */
export interface ExporterRow {
  readonly address: string
  readonly enabled: boolean
  readonly firstSeenMicros: number
  readonly lastSeenMicros: number
}

/** A row of `exporter_streams`, as far as the writer goes on from it. */
export interface StreamRow {
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  readonly sequenceState: unknown
  /** When the exporter booted, Unix milliseconds, as far as its options say so. */
  readonly systemInitMs: number | null
}

/** What the database knows, for the writer to go on from. */
export interface LoaderState {
  /** Bytes of the stream that the database holds. */
  readonly position: number
  readonly exporters: readonly ExporterRow[]
  readonly streams: readonly StreamRow[]
  readonly memory: ExporterMemory
}

export async function readExporterRows(client: pg.Client): Promise<readonly ExporterRow[]> {
  const { rows } = await client.query<ExporterRow>(
    `select host(address) as address, enabled,
       (extract(epoch from first_seen) * 1000000)::float8 as "firstSeenMicros",
       (extract(epoch from last_seen) * 1000000)::float8 as "lastSeenMicros"
     from exporters`,
  )
  return rows
}

export async function readStreamRows(client: pg.Client): Promise<readonly StreamRow[]> {
  const { rows } = await client.query<StreamRow>(
    `select host(exporter) as exporter, export_version as "exportVersion",
       observation_domain::float8 as "observationDomain", sequence_state as "sequenceState",
       system_init_ms::float8 as "systemInitMs"
     from exporter_streams`,
  )
  return rows
}
