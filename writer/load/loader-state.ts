/** Reads the state that the last committed batch has left, for the writer to go on from. */

import type pg from 'pg'
import type { ExporterMemory } from './memory-state.ts'

/** A row of `exporters`. Times are Unix microseconds. */
export interface ExporterRow {
  readonly address: string
  readonly enabled: boolean
  /** What an operator has said about its sampling. */
  readonly sampling: {
    readonly override: number | null
    readonly default: number | null
    readonly byteOrder: 'network' | 'little'
  }
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
  /** The byte order that its sampling rates seem to have when it is not that of the network. */
  readonly suggestedByteOrder: string | null
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
       json_build_object('override', sampling_override, 'default', sampling_default,
         'byteOrder', sampling_byte_order) as sampling,
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
       system_init_ms::float8 as "systemInitMs", suggested_byte_order as "suggestedByteOrder"
     from exporter_streams`,
  )
  return rows
}
