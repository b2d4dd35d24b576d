/** Judges whether the writer is healthy, and names the problems. */

import type { Health } from '../shared/metrics-server.ts'

/** A database that is away for longer makes the writer unhealthy. */
const MAX_AWAY_MS = 60_000
/** A journal that is fuller makes the writer unhealthy. */
const MAX_FILL = 0.8
/** Rollups that are further behind cause a warning: answers over long times are slow. */
const MAX_ROLLUP_LAG_SECONDS = 600

/** The facts that health depends on. */
export interface WriterCondition {
  /** Whether the database has said where to begin. */
  readonly isLoading: boolean
  /** How long the database has been away; 0 while it answers. */
  readonly databaseAwayMs: number
  /** Why the database refuses the flows; undefined: it does not, or it is away. */
  readonly refusal: string | undefined
  /** How full the journal is, 0 to 1. */
  readonly journalFill: number
  /** Why the pipe is not read; undefined: it is. */
  readonly hindrance: string | undefined
  /** The kind of the table `flows`; undefined until the database has answered. */
  readonly storeKind?: string | undefined
  /** Undefined before the loader exists. */
  readonly rollups?: { readonly enabled: boolean; readonly lagSeconds: number } | undefined
  /** Old partitions that stay because they are not archived. */
  readonly waitingForArchive?: number
  /** Why a collector that starts now cannot find the pipe; undefined: it can. */
  readonly pipeProblem: string | undefined
}

/**
 * The writer is healthy while the pipe is read and the database takes the rows. It is degraded, but
 * healthy, while the rollups are far behind, or old partitions wait for the archive: every answer is
 * still exact.
 */
export function judgeWriterHealth(condition: WriterCondition): Health {
  const { isLoading, databaseAwayMs, refusal, journalFill, hindrance } = condition
  const { pipeProblem, storeKind, rollups, waitingForArchive = 0 } = condition
  const databaseAwaySeconds = Math.round(databaseAwayMs / 1000)
  const journalFillPercent = Math.round(journalFill * 100)
  const problems: string[] = []
  if (!isLoading)
    problems.push('nothing is loaded yet: the database has not answered since the start')
  if (refusal !== undefined) {
    problems.push(`the database refuses the flows: ${refusal}; the journal keeps them`)
  } else if (databaseAwayMs >= MAX_AWAY_MS) {
    problems.push(
      `the database has been away for ${databaseAwaySeconds} s; the journal keeps the flows`,
    )
  }
  if (journalFill > MAX_FILL) {
    problems.push(
      `the journal is ${journalFillPercent} % full; when it is full, the pipe is not read`,
    )
  }
  if (hindrance !== undefined) problems.push(`the pipe is not read: ${hindrance}`)
  if (pipeProblem !== undefined) problems.push(`the pipe cannot be found: ${pipeProblem}`)
  const rollupLagSeconds = Math.round(rollups?.lagSeconds ?? 0)
  const warnings: string[] = []
  if (rollups?.enabled && rollupLagSeconds > MAX_ROLLUP_LAG_SECONDS) {
    warnings.push(`the rollups are ${rollupLagSeconds} s behind: answers are exact, but slow`)
  }
  if (waitingForArchive > 0) {
    warnings.push(
      `${waitingForArchive} old partitions are not archived, and stay: run netflow archive`,
    )
  }
  return {
    healthy: problems.length === 0,
    detail: {
      problems,
      degraded: warnings.length > 0,
      warnings,
      reading: isLoading,
      store: storeKind,
      databaseAwaySeconds,
      journalFillPercent,
      hindrance,
      rollupLagSeconds,
      waitingForArchive,
    },
  }
}
