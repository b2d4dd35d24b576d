/**
 * Asks the database about the flows of one run of the demonstration. Every question is plain SQL on
 * the public tables.
 */

import type pg from 'pg'

/** The time and the streams that distinguish the rows of one run. */
export interface DemoRun {
  /** Unix milliseconds. */
  readonly startedAtMs: number
  readonly streams: readonly {
    readonly exportVersion: number
    readonly observationDomain: number
  }[]
}

/** The streams of the run: export versions are $2, observation domains $3. */
const OF_RUN = `(export_version, observation_domain) in (select * from unnest($2::int[], $3::bigint[]))`
const FLOWS_OF_RUN = `from flows where received_at >= to_timestamp($1) and ${OF_RUN}`
/** Without an announced sampling rate, a packet represents itself. */
const BYTES = 'coalesce(sum(bytes::numeric * coalesce(sampling_rate, 1)), 0)::float8'
const PACKETS = 'coalesce(sum(packets::numeric * coalesce(sampling_rate, 1)), 0)::float8'

function parametersOf({ startedAtMs, streams }: DemoRun): unknown[] {
  return [
    // A second earlier, because the clocks of two hosts may differ.
    startedAtMs / 1000 - 1,
    streams.map((stream) => stream.exportVersion),
    streams.map((stream) => stream.observationDomain),
  ]
}

export interface Stored {
  readonly flows: number
  readonly gaps: number
}

/** Counts the rows and the declared gaps of the run so far. */
export async function countStored(client: pg.Client, run: DemoRun): Promise<Stored> {
  const sql = `select (select count(*) ${FLOWS_OF_RUN})::int as flows,
      (select count(*) from sequence_gaps where detected_at >= to_timestamp($1) and ${OF_RUN})::int
        as gaps`
  const { rows } = await client.query<Stored>(sql, parametersOf(run))
  return rows[0] ?? { flows: 0, gaps: 0 }
}

export interface Share {
  readonly name: string
  readonly flows: number
  readonly packets: number
  readonly bytes: number
}

/** Sums the traffic of the run by source address, the largest first. */
export async function findTopTalkers(client: pg.Client, run: DemoRun): Promise<Share[]> {
  return sumBy(client, run, 'host(src_addr)')
}

/** Sums the traffic of the run by protocol, the largest first. */
export async function sumByProtocol(client: pg.Client, run: DemoRun): Promise<Share[]> {
  const name = `case protocol when 1 then 'ICMP' when 6 then 'TCP' when 17 then 'UDP'
    when 58 then 'ICMPv6' else 'protocol ' || protocol end`
  return sumBy(client, run, name)
}

async function sumBy(client: pg.Client, run: DemoRun, name: string): Promise<Share[]> {
  const sql = `select ${name} as name, count(*)::int as flows, ${BYTES} as bytes,
      ${PACKETS} as packets
    ${FLOWS_OF_RUN} group by 1 order by bytes desc limit 8`
  return (await client.query<Share>(sql, parametersOf(run))).rows
}

export interface ExporterShare extends Share {
  readonly exportVersion: number
  readonly datagrams: number
  readonly samplingRate: number | null
  readonly lost: number | null
  readonly sequenceUnit: string
}

/** Sums the traffic of the run by exporter, with the counters of its stream. */
export async function sumByExporter(client: pg.Client, run: DemoRun): Promise<ExporterShare[]> {
  const sql = `select host(exporter) as name, export_version as "exportVersion", flows, packets, bytes,
      s.datagrams::float8, sampling_rate::float8 as "samplingRate", s.lost::float8,
      s.sequence_unit as "sequenceUnit"
    from (select exporter, export_version, observation_domain, count(*)::int as flows,
        ${BYTES} as bytes, max(sampling_rate) as sampling_rate,
        ${PACKETS} as packets
      ${FLOWS_OF_RUN} group by 1, 2, 3) f
    join exporter_streams s using (exporter, export_version, observation_domain)
    order by exporter, export_version, observation_domain`
  return (await client.query<ExporterShare>(sql, parametersOf(run))).rows
}

export interface Gap {
  readonly exporter: string
  readonly exportVersion: number
  readonly expected: number
  readonly received: number
  readonly lost: number
  readonly unit: string
}

/** Lists the declared gaps of the run. */
export async function listGaps(client: pg.Client, run: DemoRun): Promise<Gap[]> {
  const sql = `select host(exporter) as exporter, export_version as "exportVersion",
      expected::float8, received::float8, lost::float8, unit
    from sequence_gaps where detected_at >= to_timestamp($1) and ${OF_RUN} order by id`
  return (await client.query<Gap>(sql, parametersOf(run))).rows
}

/** Lists the exporters whose flows are not stored at present. */
export async function listDisabledExporters(client: pg.Client): Promise<string[]> {
  const sql = 'select host(address) as address from exporters where not enabled order by address'
  return (await client.query<{ address: string }>(sql)).rows.map(({ address }) => address)
}
