/** The statements that write the changes of a batch, in an order that every foreign key allows. */

import type { Statement } from '../database/statements.ts'
import type { BatchChanges } from './batch-changes.ts'
import { reportStatements } from './collector-reports.ts'
import { streamStatements } from './exporter-streams.ts'
import { exporterStatements } from './exporters.ts'
import { flowTotalStatements } from './flow-totals.ts'
import { expiryStatements, heldSetStatements } from './held-sets.ts'
import { NAMES } from './names.ts'
import { outcomeStatements, type RowCount } from './outcome-counts.ts'
import { SAMPLERS } from './samplers.ts'
import { gapStatements } from './sequence-gaps.ts'
import { lossStatements } from './stream-losses.ts'
import { TEMPLATES } from './templates.ts'

/** @param rows of the batch by exporter: those stored and those refused */
export function* batchStatements(
  changes: BatchChanges,
  rows: readonly RowCount[],
  journalId: string,
): Iterable<Statement> {
  yield* exporterStatements(changes.exporters)
  yield* streamStatements(changes.streams, journalId)
  yield* lossStatements(changes.losses)
  yield* gapStatements(changes.gaps, journalId)
  yield* reportStatements(changes.collectorReports.values(), journalId)
  yield* TEMPLATES.write(changes.templates)
  yield* SAMPLERS.write(changes.samplers)
  yield* NAMES.write(changes.names)
  yield* flowTotalStatements(changes.flowTotals, journalId)
  yield* heldSetStatements(changes.heldSets, journalId)
  yield* expiryStatements(changes.expiredMessages, journalId)
  const counts = changes.counts.values()
  const rejections = changes.rejections.values()
  yield* outcomeStatements({ counts, rejections, rows }, journalId)
}
