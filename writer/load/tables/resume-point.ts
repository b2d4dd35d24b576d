/** Reads the state that the last committed batch has left, for the writer to go on from. */

import type pg from 'pg'
import type { LineCounts } from './batch-changes.ts'
import type { MemoryRows } from './memory-state.ts'

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
  /** When the exporter booted, worked out from its flows where it does not say so. */
  readonly systemInitEstimateMs: number | null
  /** Running totals of flows last sent up to then may have been forgotten; Unix microseconds. */
  readonly totalsForgottenMicros: number | null
}

/** What the database knows, for the writer to go on from. */
export interface ResumePoint {
  /** The database, for people. */
  readonly database: string
  /** Bytes of the stream that the database holds. */
  readonly position: number
  readonly exporters: readonly ExporterRow[]
  readonly streams: readonly StreamRow[]
  readonly memory: MemoryRows
  /** Lines of the stream that the database has what came of. */
  readonly lines: LineCounts
  /** Exporters with datagrams that are counted as held. */
  readonly held: readonly HeldCount[]
}

/** Datagrams of an exporter whose sets wait for their template, as far as they were counted. */
export interface HeldCount {
  readonly exporter: string
  readonly datagrams: number
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

/** Reads the streams heard last; where they go on is only known of the journal's own. */
export async function readStreamRows(
  client: pg.Client,
  { journalId, maxStreams }: { readonly journalId: string; readonly maxStreams: number },
): Promise<readonly StreamRow[]> {
  const { rows } = await client.query<StreamRow>(
    `select host(exporter) as exporter, export_version as "exportVersion",
       observation_domain::float8 as "observationDomain", sequence_state as "sequenceState",
       system_init_ms::float8 as "systemInitMs", suggested_byte_order as "suggestedByteOrder",
       system_init_estimate_ms::float8 as "systemInitEstimateMs",
       (extract(epoch from totals_forgotten_at) * 1000000)::float8 as "totalsForgottenMicros"
     from exporter_streams
     left join (select * from stream_states where journal = $1) as own
       using (exporter, export_version, observation_domain)
     order by last_seen desc
     limit $2`,
    [journalId, maxStreams],
  )
  return rows
}

export async function readLineCounts(client: pg.Client, journalId: string): Promise<LineCounts> {
  const { rows } = await client.query<LineCounts>(
    `select datagram_lines::float8 as datagrams, malformed_lines::float8 as malformed,
       report_lines::float8 as reports, lost_bytes::float8 as "lostBytes"
     from journal_positions where journal = $1`,
    [journalId],
  )
  return rows[0] ?? { datagrams: 0, malformed: 0, reports: 0, lostBytes: 0 }
}

export async function readHeldCounts(
  client: pg.Client,
  journalId: string,
): Promise<readonly HeldCount[]> {
  const { rows } = await client.query<HeldCount>(
    `select host(exporter) as exporter, held::float8 as datagrams
     from exporter_counts where journal = $1 and exporter is not null and held > 0`,
    [journalId],
  )
  return rows
}
