/**
 * How sure it is that what an exporter once said still holds. What is not confirmed is used all the
 * same: nothing here forbids it.
 */

/**
 * `confirmed`: said since this writer and the exporter were started. `restored`: the writer has been
 * restarted since. `unconfirmed`: the exporter has been restarted since.
 */
export type ConfirmationStatus = 'confirmed' | 'restored' | 'unconfirmed'

/** Something that an exporter says again and again. Times are Unix microseconds. */
export interface Confirmable {
  status: ConfirmationStatus
  lastSeenMicros: number
  /** The last time it was seen that was worth writing down. */
  notedMicros: number
}

/** That something was said again is written down once in this time, for its row is costly. */
const NOTE_EVERY_MICROS = 300 * 1_000_000

/**
 * Takes in that it was said again.
 *
 * @returns whether that is worth writing down
 */
export function confirm(entry: Confirmable, nowMicros: number): boolean {
  entry.lastSeenMicros = nowMicros
  const isDue = Math.abs(nowMicros - entry.notedMicros) >= NOTE_EVERY_MICROS
  if (!isDue && entry.status === 'confirmed') return false
  entry.status = 'confirmed'
  entry.notedMicros = nowMicros
  return true
}

/**
 * Takes in that the exporter was restarted: what it said before may not hold any more.
 *
 * @returns whether that changes anything
 */
export function unconfirm(entry: Confirmable, restartMicros: number): boolean {
  if (entry.status === 'unconfirmed' || entry.lastSeenMicros >= restartMicros) return false
  entry.status = 'unconfirmed'
  return true
}
