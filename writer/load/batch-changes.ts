/**
 * Everything a batch changes beside its rows, in the shapes of the state tables: it is committed in
 * the same transaction, so that the database always holds exactly the state of a prefix of the
 * stream. Counters here are increments since the last batch; positions and times are absolute.
 */

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
  late: number
  duplicates: number
  restarts: number
  /** null: this version has no sequence, loss is not knowable. */
  lost: number | null
  sequenceUnit: string
  nextSequence: number | null
  /** What the sequence ledger needs to go on after a restart; plain JSON. */
  sequenceState: unknown
  clockSkewMs: number | null
  lastTemplateMicros: number | null
  lastSeenMicros: number
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

/** The latest report of one start of a collector. */
export interface CollectorReportChange {
  readonly collector: string
  readonly startedAtMicros: number
  readonly reportedAtMicros: number
  readonly received: number
  readonly forwarded: number
  readonly queueDropped: number
  readonly kernelDropped: number | null
  readonly final: boolean
}

/** Changes of one batch, keyed so that each row of a table is written once a batch. */
export interface BatchChanges {
  /** By address. */
  readonly exporters: Map<string, ExporterChange>
  /** By any key that is unique per row. */
  readonly streams: Map<string, StreamChange>
  readonly gaps: GapChange[]
  /** By collector. */
  readonly collectorReports: Map<string, CollectorReportChange>
}

/** Makes changes that change nothing. */
export function emptyBatchChanges(): BatchChanges {
  return { exporters: new Map(), streams: new Map(), gaps: [], collectorReports: new Map() }
}
