/** Judges whether the writer is healthy and says in words what is wrong; it measures nothing. */

import type { Health } from '../shared/metrics-server.ts'

/** A database away for longer than this is unhealthy. */
const MAX_AWAY_MS = 60_000
/** A journal fuller than this is unhealthy. */
const MAX_FILL = 0.8

/** How the writer is. */
export interface WriterCondition {
  /** The database has told where to begin. */
  readonly isLoading: boolean
  /** For how long the database has taken nothing; 0: it does. */
  readonly databaseAwayMs: number
  /** How full the journal is, 0 to 1. */
  readonly journalFill: number
  /** Why the pipe is not read; undefined: it is. */
  readonly hindrance: string | undefined
}

/** Healthy while the pipe is read and the database takes what comes; `problems` says what is not so. */
export function judgeWriterHealth(condition: WriterCondition): Health {
  const { isLoading, databaseAwayMs, journalFill, hindrance } = condition
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
  return {
    healthy: problems.length === 0,
    detail: { problems, reading: isLoading, databaseAwaySeconds, journalFillPercent, hindrance },
  }
}
