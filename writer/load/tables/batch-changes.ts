/**
 * Everything that a batch changes beside its rows. It is committed in the transaction of the rows,
 * so the database always holds exactly the state of a prefix of the stream.
 */

import type { CollectorReportChange } from './collector-reports.ts'
import type { StreamChange } from './exporter-streams.ts'
import type { ExporterChange } from './exporters.ts'
import type { FlowTotalKey, FlowTotalRow } from './flow-totals.ts'
import type { HeldSetKey, HeldSetRow } from './held-sets.ts'
import type { LineCounts } from './journal-positions.ts'
import type { NameKey, NameRow } from './names.ts'
import type { CountChange, RejectionChange } from './outcome-counts.ts'
import type { SamplerKey, SamplerRow } from './samplers.ts'
import type { GapChanges } from './sequence-gaps.ts'
import type { LossChange } from './stream-losses.ts'
import type { RowChanges } from './table.ts'
import type { TemplateKey, TemplateRow } from './templates.ts'

/** Changes of one batch; each row of a table is written at most once a batch. */
export interface BatchChanges {
  /** One entry an exporter. */
  readonly exporters: ExporterChange[]
  /** One entry a stream. */
  readonly streams: StreamChange[]
  /** One entry a stream and unit. */
  readonly losses: LossChange[]
  readonly gaps: GapChanges
  /** By exporter. */
  readonly counts: Map<string | null, CountChange>
  /** By any text that is unique per row. */
  readonly rejections: Map<string, RejectionChange>
  /** Up to the end of the batch; null leaves them as they are. */
  lines: LineCounts | null
  /** By collector. */
  readonly collectorReports: Map<string, CollectorReportChange>
  readonly templates: RowChanges<TemplateKey, TemplateRow>
  readonly samplers: RowChanges<SamplerKey, SamplerRow>
  readonly names: RowChanges<NameKey, NameRow>
  readonly flowTotals: RowChanges<FlowTotalKey, FlowTotalRow>
  readonly heldSets: RowChanges<HeldSetKey, HeldSetRow>
  /** Numbers of messages that are counted as expired while some of their sets are still held. */
  readonly expiredMessages: number[]
}

/** Creates changes that change nothing. */
export function emptyBatchChanges(): BatchChanges {
  return {
    exporters: [],
    streams: [],
    losses: [],
    gaps: { declared: [], merged: [], retractedClaims: [], retracted: [] },
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
