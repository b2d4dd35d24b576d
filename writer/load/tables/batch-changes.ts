/**
 * Everything a batch changes beside its rows, in the shapes of the state tables: it is committed in
 * the same transaction, so that the database always holds exactly the state of a prefix of the
 * stream. Counters here are increments since the last batch; lines, positions and times are absolute.
 */

import type { StreamKey } from '../../netflow/stream-key.ts'

/** An exporter that was new or heard in this batch. Times are Unix microseconds. */
export interface ExporterChange {
  readonly address: string
  readonly firstSeenMicros: number
  lastSeenMicros: number
  /** Only used when the exporter is new to the table. */
  readonly enabled: boolean
}

/** Increments and positions of one row of `exporter_streams`. */
export interface StreamChange {
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  datagrams: number
  flowRecords: number
  optionsRecords: number
  heldSets: number
  releasedSets: number
  expiredSets: number
  malformedSets: number
  implausibleTimes: number
  flowsWithoutRate: number
  late: number
  duplicates: number
  restarts: number
  /** null: this version has no sequence, loss is not knowable. */
  lost: number | null
  /** What `lost` counts. */
  sequenceUnit: string
  nextSequence: number | null
  /** What the sequence ledger needs to go on after a restart; plain JSON. */
  sequenceState: unknown
  clockSkewMs: number | null
  lastTemplateMicros: number | null
  /** When the exporter booted, Unix milliseconds, as far as its options say so. */
  systemInitMs: number | null
  /** The same, worked out from its flows where it does not say so. */
  systemInitEstimateMs: number | null
  /** The byte order that its sampling rates seem to have; null: that of the network. */
  suggestedByteOrder: string | null
  /** Running totals of flows last sent up to then may have been forgotten; null: none was. */
  totalsForgottenMicros: number | null
  /** Receive times of its first and its last message among these; 0 when there is none. */
  firstSeenMicros: number
  lastSeenMicros: number
}

/**
 * What came of the datagrams and records of one exporter. Every datagram that is received comes to
 * one of the others, or to a rejection.
 */
export interface CountChange {
  /** null: addresses that are not registered, and lines that are no datagram. */
  readonly exporter: string | null
  received: number
  decoded: number
  /** Falls when the last set of a datagram is decoded, or the first one given up. */
  held: number
  expired: number
  duplicates: number
  /** Flow records that the decoder gave. */
  records: number
  /** Those of exporters that are disabled. */
  notStored: number
}

/** `rejected`: it is no message. `refused`: it was not taken, by choice. */
export type RefusalOutcome = 'rejected' | 'refused'

/** Datagrams rejected or refused for one reason. */
export interface RejectionChange {
  readonly exporter: string | null
  readonly outcome: RefusalOutcome
  readonly reason: string
  datagrams: number
}

/** Lines of the pipe since the beginning of the journal. */
export interface LineCounts {
  readonly datagrams: number
  readonly malformed: number
  readonly reports: number
  /** Bytes that the journal could not give: nobody knows how many lines. */
  readonly lostBytes: number
}

/** One declared gap. */
export interface GapChange {
  readonly detectedAtMicros: number
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  readonly expected: number
  readonly received: number
  readonly lost: number
  readonly unit: string
}

/** The latest report of one start of a collector, and what had been read where it stands. */
export interface CollectorReportChange {
  readonly collector: string
  readonly startedAtMicros: number
  readonly reportedAtMicros: number
  readonly received: number
  readonly forwarded: number
  readonly queueDropped: number
  readonly kernelDropped: number | null
  readonly final: boolean
  /** Datagrams that stand in the pipe before its first report in the batch. */
  readonly firstSent: number
  /** The lines up to that report. */
  readonly first: LineCounts
  /** The lines up to the latest report. */
  readonly last: LineCounts
}

/** Names a row of `templates`. */
export interface TemplateKey extends StreamKey {
  readonly templateId: number
  /** 0: for every port. */
  readonly sourcePort: number
}

/** A row of `templates`. Times are Unix microseconds. */
export interface TemplateRow extends TemplateKey {
  readonly kind: 'flows' | 'options'
  readonly fields: readonly (readonly [enterprise: number, id: number, length: number])[]
  readonly scopeFields: number
  readonly status: string
  readonly firstSeenMicros: number
  readonly definedMicros: number
  readonly lastSeenMicros: number
  readonly redefinitions: number
  readonly definitionHash: string
  readonly previousHash: string | null
}

/** Names a row of `samplers`. */
export interface SamplerKey extends StreamKey {
  readonly scope: string
  readonly scopeValue: number
}

/** A row of `samplers`. */
export interface SamplerRow extends SamplerKey {
  readonly samplingRate: number
  readonly mode: number | null
  readonly algorithm: number | null
  readonly source: string
  readonly status: string
  readonly lastSeenMicros: number
}

/** Names a row of `names`. */
export interface NameKey extends StreamKey {
  readonly kind: 'interface' | 'application' | 'sampler'
  readonly key: string
}

/** A row of `names`. */
export interface NameRow extends NameKey {
  readonly name: string
}

/** Names a row of `flow_totals`. */
export interface FlowTotalKey extends StreamKey {
  readonly flowKey: string
}

/** A row of `flow_totals`, of the writer's own journal. Counters are decimal digits, times Unix microseconds. */
export interface FlowTotalRow extends FlowTotalKey {
  readonly bytes: string | null
  readonly packets: string | null
  readonly startMicros: number | null
  readonly exportMicros: number
}

/** A row of `held_sets`, of the writer's own journal. */
export interface HeldSetRow extends StreamKey {
  readonly id: number
  readonly templateId: number
  readonly sourcePort: number
  readonly receivedMicros: number
  readonly exportedMicros: number
  readonly uptimeMs: number | null
  readonly sequence: number
  readonly content: Buffer
  /** Number of the datagram in its journal; null when it is counted as expired already. */
  readonly message: number | null
}

/** Rows to insert or replace, and keys of rows to delete. */
export interface RowChanges<Key, Row extends Key> {
  readonly written: Row[]
  readonly removed: Key[]
}

/** Changes of one batch, keyed so that each row of a table is written once a batch. */
export interface BatchChanges {
  /** One entry an exporter. */
  readonly exporters: ExporterChange[]
  /** One entry a stream. */
  readonly streams: StreamChange[]
  readonly gaps: GapChange[]
  /** By exporter. */
  readonly counts: Map<string | null, CountChange>
  /** By any key that is unique per row. */
  readonly rejections: Map<string, RejectionChange>
  /** Up to the end of the batch; null leaves them as they are. */
  lines: LineCounts | null
  /** By collector. */
  readonly collectorReports: Map<string, CollectorReportChange>
  readonly templates: RowChanges<TemplateKey, TemplateRow>
  readonly samplers: RowChanges<SamplerKey, SamplerRow>
  readonly names: RowChanges<NameKey, NameRow>
  readonly flowTotals: RowChanges<FlowTotalKey, FlowTotalRow>
  readonly heldSets: RowChanges<Pick<HeldSetRow, 'id'>, HeldSetRow>
  /** Numbers of messages that are counted as expired while others of their sets are still held. */
  readonly expiredMessages: number[]
}

/** Makes changes that change nothing. */
export function emptyBatchChanges(): BatchChanges {
  return {
    exporters: [],
    streams: [],
    gaps: [],
    counts: new Map(),
    rejections: new Map(),
    lines: null,
    collectorReports: new Map(),
    templates: { written: [], removed: [] },
    samplers: { written: [], removed: [] },
    names: { written: [], removed: [] },
    flowTotals: { written: [], removed: [] },
    heldSets: { written: [], removed: [] },
    expiredMessages: [],
  }
}
