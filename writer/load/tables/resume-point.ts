/** Reads the state that the last committed batch left, so that the writer can go on from there. */

import type pg from 'pg'
import { describeDatabase } from '../database/requirements.ts'
import { readStreamRows, type StreamRow } from './exporter-streams.ts'
import { type ExporterRow, readExporterRows } from './exporters.ts'
import { type FlowTotalRow, readFlowTotalRows } from './flow-totals.ts'
import { type HeldSetRow, readHeldSetRows } from './held-sets.ts'
import { type LineCounts, readLineCounts } from './journal-positions.ts'
import { NAMES, type NameRow } from './names.ts'
import { type HeldCount, readHeldCounts } from './outcome-counts.ts'
import { SAMPLERS, type SamplerRow } from './samplers.ts'
import { TEMPLATES, type TemplateRow } from './templates.ts'

/** The memory of all streams up to the position. */
export interface MemoryRows {
  /** The least recently seen first. */
  readonly templates: readonly TemplateRow[]
  /** The least recently seen first. */
  readonly samplers: readonly SamplerRow[]
  readonly names: readonly NameRow[]
  /** Of this journal; the flow that has been silent longest first. */
  readonly flowTotals: readonly FlowTotalRow[]
  /** Of this journal, in the order of arrival. */
  readonly heldSets: readonly HeldSetRow[]
}

/** Everything that a start reads. */
export interface ResumePoint {
  /** The database, for people. */
  readonly database: string
  /** Bytes of the stream that the database holds. */
  readonly position: number
  readonly exporters: readonly ExporterRow[]
  readonly streams: readonly StreamRow[]
  readonly memory: MemoryRows
  /** Lines of the stream up to the position. */
  readonly lines: LineCounts
  /** Exporters with datagrams that are counted as held. */
  readonly held: readonly HeldCount[]
}

/** The journal and the streams whose state to read. */
interface ResumeOptions {
  readonly journalId: string
  /** How many streams to read, those heard last. */
  readonly maxStreams: number
}

/** Reads everything but the position, which the caller has opened. */
export async function readResumePoint(
  client: pg.Client,
  options: ResumeOptions,
): Promise<Omit<ResumePoint, 'position'>> {
  const { journalId } = options
  return {
    database: await describeDatabase(client),
    exporters: await readExporterRows(client),
    streams: await readStreamRows(client, options),
    memory: await readMemory(client, options),
    lines: await readLineCounts(client, journalId),
    held: await readHeldCounts(client, journalId),
  }
}

async function readMemory(
  client: pg.Client,
  { journalId, maxStreams }: ResumeOptions,
): Promise<MemoryRows> {
  return {
    templates: await TEMPLATES.read(client, maxStreams),
    samplers: await SAMPLERS.read(client, maxStreams),
    names: await NAMES.read(client, maxStreams),
    flowTotals: await readFlowTotalRows(client, journalId),
    heldSets: await readHeldSetRows(client, journalId),
  }
}
