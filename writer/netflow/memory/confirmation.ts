/** Tracks whether an exporter's announcements still hold. Unconfirmed ones stay in use. */

/**
 * `confirmed`: announced since the last start of writer and exporter. `restored`: the writer has
 * restarted since. `unconfirmed`: the exporter has restarted since.
 */
export type ConfirmationStatus = 'confirmed' | 'restored' | 'unconfirmed'

/** Something that an exporter announces repeatedly. Times are Unix microseconds. */
export interface Confirmable {
  status: ConfirmationStatus
  lastSeenMicros: number
  /** Microseconds between the last two announcements; undefined before the second. */
  intervalMicros?: number
  /**
   * The shorter of the last two intervals: within the longer one an announcement may have been
   * lost.
   */
  refreshMicros?: number
  /** When its row was last due to be written. */
  notedMicros: number
}

/** Announcements that follow faster belong to one refresh. */
const SHORTEST_REFRESH_MICROS = 1_000_000

/** Repetitions are written once in this time, because a row is costly. */
const NOTE_EVERY_MICROS = 300 * 1_000_000

/**
 * Notes a repetition.
 *
 * @returns whether its row is due to be written
 */
export function confirm(entry: Confirmable, nowMicros: number): boolean {
  observeRefresh(entry, nowMicros)
  entry.lastSeenMicros = nowMicros
  const isDue = Math.abs(nowMicros - entry.notedMicros) >= NOTE_EVERY_MICROS
  if (!isDue && entry.status === 'confirmed') return false
  entry.status = 'confirmed'
  entry.notedMicros = nowMicros
  return true
}

function observeRefresh(entry: Confirmable, nowMicros: number): void {
  const interval = nowMicros - entry.lastSeenMicros
  if (interval < SHORTEST_REFRESH_MICROS) return
  entry.refreshMicros = Math.min(interval, entry.intervalMicros ?? interval)
  entry.intervalMicros = interval
}

/**
 * Notes a restart of the exporter: earlier announcements may no longer hold.
 *
 * @returns whether the status has changed
 */
export function unconfirm(entry: Confirmable, restartMicros: number): boolean {
  if (entry.status === 'unconfirmed' || entry.lastSeenMicros >= restartMicros) return false
  entry.status = 'unconfirmed'
  return true
}
