/** Judges whether the writer is healthy, and names the problems. */

import type { Health } from '../shared/metrics-server.ts'

/** A database that is away for longer makes the writer unhealthy. */
const MAX_AWAY_MS = 60_000
/** A journal that is fuller makes the writer unhealthy. */
const MAX_FILL = 0.8

/** The facts that health depends on. */
export interface WriterCondition {
  /** The database has told where to begin. */
  readonly isLoading: boolean
  /** How long the database has been away; 0: it is there. */
  readonly databaseAwayMs: number
  /** How full the journal is, 0 to 1. */
  readonly journalFill: number
  /** Why the pipe is not read; undefined: it is. */
  readonly hindrance: string | undefined
  /** Why a collector that starts now cannot find the pipe; undefined: it can. */
  readonly pipeProblem: string | undefined
}

/** The writer is healthy while the pipe is read and the database takes the rows. */
export function judgeWriterHealth(condition: WriterCondition): Health {
  const { isLoading, databaseAwayMs, journalFill, hindrance, pipeProblem } = condition
  const databaseAwaySeconds = Math.round(databaseAwayMs / 1000)
  const journalFillPercent = Math.round(journalFill * 100)
  const problems: string[] = []
  if (!isLoading)
    problems.push('nothing is loaded yet: the database has not answered since the start')
  if (databaseAwayMs >= MAX_AWAY_MS) {
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
  return {
    healthy: problems.length === 0,
    detail: { problems, reading: isLoading, databaseAwaySeconds, journalFillPercent, hindrance },
  }
}
