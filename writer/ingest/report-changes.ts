/** Writes down what a collector reports about itself, beside what was read up to there. */

import type { CollectorReport } from '../../shared/pipe-line.ts'
import type { BatchChanges } from '../load/tables/batch-changes.ts'
import type { LineCounts } from '../load/tables/journal-positions.ts'

/**
 * Adds a report to the changes of a batch. It stands in the pipe behind all that its collector has
 * received before it, but for what the queue had no room for.
 *
 * @param lines read up to the report, itself included
 */
export function noteReport(
  report: CollectorReport,
  lines: LineCounts,
  { collectorReports }: BatchChanges,
): void {
  const { collector, startedAt, time, received, forwarded, queueDropped } = report
  const before = collectorReports.get(collector)
  collectorReports.set(collector, {
    collector,
    startedAtMicros: Math.round(startedAt * 1e6),
    reportedAtMicros: Math.round(time * 1e6),
    received,
    forwarded,
    queueDropped,
    kernelDropped: report.kernelDropped ?? null,
    final: report.final === true,
    firstSent: before?.firstSent ?? received - queueDropped,
    first: before?.first ?? lines,
    last: lines,
  })
}
