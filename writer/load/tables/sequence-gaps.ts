/**
 * The table `sequence_gaps`: a batch inserts the gaps that were declared while it was filled. Beyond
 * a number of rows of a stream and hour, gaps are merged into one row of each unit.
 */

import { rowsStatements, type Statement } from '../database/statements.ts'
import { MAX_BIGINT } from './exporter-streams.ts'
import { STREAM_COLUMNS } from './stream-rows.ts'
import { type Columns, fieldsOf, namesOf, type RowOf, valuesOf } from './table.ts'

const GAP_COLUMNS = {
  ...STREAM_COLUMNS,
  /** In a merged row the beginning of the hour. */
  detectedAtMicros: { name: 'detected_at', type: 'micros' },
  expected: { name: 'expected', type: 'bigint' },
  received: { name: 'received', type: 'bigint' },
  lost: { name: 'lost', type: 'bigint' },
  unit: { name: 'unit', type: 'text' },
} as const satisfies Columns

const COLUMNS = {
  ...GAP_COLUMNS,
  /** Names the gaps of a stream and journal that are taken back together. */
  claim: { name: 'claim', type: 'bigint' },
} as const satisfies Columns

const MERGED_COLUMNS = {
  ...GAP_COLUMNS,
  merged: { name: 'merged', type: 'bigint' },
} as const satisfies Columns

const CLAIM_COLUMNS = {
  ...STREAM_COLUMNS,
  claim: { name: 'claim', type: 'bigint' },
} as const satisfies Columns

/** One declared gap. */
export type GapChange = RowOf<typeof COLUMNS>

/** Gaps of one stream, hour and unit that have no row of their own. */
export type MergedGapChange = RowOf<typeof MERGED_COLUMNS>

/** Gaps that are taken back. */
export type RetractedClaim = RowOf<typeof CLAIM_COLUMNS>

/** The changes of a batch in the table. */
export interface GapChanges {
  readonly declared: GapChange[]
  /** One entry a stream, hour and unit. */
  readonly merged: MergedGapChange[]
  readonly retractedClaims: RetractedClaim[]
  /** Merged gaps that are taken back. */
  readonly retracted: MergedGapChange[]
}

const INSERT = `
  insert into sequence_gaps (${namesOf(COLUMNS)}, journal)
  select ${valuesOf(COLUMNS)}, $2
  from jsonb_to_recordset($1) as changed (${fieldsOf(COLUMNS)})`

/** @param retractedAt of the row, in SQL */
function mergeInto(retractedAt: string): string {
  return `
    insert into sequence_gaps as known (${namesOf(MERGED_COLUMNS)}, journal, retracted_at)
    select ${valuesOf(MERGED_COLUMNS)}, $2, ${retractedAt}
    from jsonb_to_recordset($1) as changed (${fieldsOf(MERGED_COLUMNS)})
    on conflict (exporter, export_version, observation_domain, journal, unit, detected_at,
      (retracted_at is null)) where merged is not null
    do update set received = excluded.received, merged = known.merged + excluded.merged,
      lost = least(known.lost::numeric + excluded.lost, ${MAX_BIGINT})::bigint`
}

const MERGE = mergeInto('null')

const MERGE_RETRACTED = mergeInto('now()')

const UNMERGE = `
  with changed (${namesOf(MERGED_COLUMNS)}) as (
    select ${valuesOf(MERGED_COLUMNS)}
    from jsonb_to_recordset($1) as changed (${fieldsOf(MERGED_COLUMNS)})
  ),
  empty as (
    delete from sequence_gaps as known using changed
    where ${isSameRow()} and known.merged <= changed.merged
  )
  update sequence_gaps as known
  set lost = known.lost - changed.lost, merged = known.merged - changed.merged
  from changed
  where ${isSameRow()} and known.merged > changed.merged`

const RETRACT = `
  update sequence_gaps as known set retracted_at = now()
  from jsonb_to_recordset($1) as changed (${fieldsOf(CLAIM_COLUMNS)})
  where known.exporter = changed.exporter and known.export_version = changed."exportVersion"
    and known.observation_domain = changed."observationDomain" and known.journal = $2
    and known.claim = changed.claim and known.retracted_at is null`

function isSameRow(): string {
  const keys = ['exporter', 'export_version', 'observation_domain', 'unit', 'detected_at']
  const same = keys.map((key) => `known.${key} = changed.${key}`).join(' and ')
  return `${same} and known.journal = $2 and known.retracted_at is null and known.merged is not null`
}

export function* gapStatements(changes: GapChanges, journalId: string): Iterable<Statement> {
  const { declared, merged, retractedClaims, retracted } = changes
  yield* rowsStatements('insert gaps', INSERT, declared, journalId)
  yield* rowsStatements('merge gaps', MERGE, merged, journalId)
  yield* rowsStatements('retract gaps', RETRACT, retractedClaims, journalId)
  yield* rowsStatements('take gaps out', UNMERGE, retracted, journalId)
  yield* rowsStatements('merge retracted gaps', MERGE_RETRACTED, retracted, journalId)
}
