/** A hole: skipped numbers that may still come. Numbers are 32 bits wide and wrap. */

import {
  REORDER_WINDOW_DATAGRAMS,
  REORDER_WINDOW_MS,
  type WindowPosition,
} from './reorder-window.ts'

/** A range of numbers; half open. */
export interface NumberRange {
  /** The first number. */
  readonly from: number
  /** The first number after the range. */
  readonly to: number
}

/** Skipped numbers, up to a number that was received. */
export interface SequenceHole extends NumberRange {
  /** By the stream clock. */
  readonly openedAtMs: number
  /** How many datagrams the stream had observed when the hole was opened. */
  readonly openedAtCount: number
  /** Units, as bits, in which other numbers are missing, or none; see `UnitDoubt`. */
  readonly dissenting: number
  /** This many numbers before `from` may belong to the hole, too. */
  readonly slack: number
}

/** All units, as bits, for a hole whose dissenting units are unknown. */
export const ANY_UNIT = -1

/** Whether a number belongs to a hole. */
export function isInHole({ from, to, slack }: SequenceHole, sequence: number): boolean {
  return (sequence - from + slack) >>> 0 < ((to - from) >>> 0) + slack
}

export function isOutsideWindow(
  hole: Pick<SequenceHole, 'openedAtMs' | 'openedAtCount'>,
  { nowMs, count }: WindowPosition,
): boolean {
  return (
    nowMs - hole.openedAtMs > REORDER_WINDOW_MS ||
    count - hole.openedAtCount >= REORDER_WINDOW_DATAGRAMS
  )
}

/** Whether a favoured unit does not see the hole. */
export function isInDoubt({ dissenting }: SequenceHole, favoured: number): boolean {
  return (dissenting & favoured) !== 0
}

/** A late message, which fills a hole. */
export interface Filling {
  readonly start: number
  /** undefined: unknown, so all later numbers of the hole are removed, too. */
  readonly units: number | undefined
  /** The message may hold this many units fewer. */
  readonly slack: number
  readonly dissenting: number
}

/** Returns the rest of a hole after a late message: nothing, or one or two smaller holes. */
export function fillHole(hole: SequenceHole, filling: Filling): readonly SequenceHole[] {
  const { units, dissenting, slack } = filling
  const isBefore = ((filling.start - hole.from) | 0) < 0
  const start = isBefore ? hole.from : filling.start
  const room = (hole.to - filling.start) >>> 0
  const filled = units === undefined ? room : Math.min(units, room)
  if (filled === 0) return [hole]
  const end = (filling.start + filled) >>> 0
  const rest = { ...hole, dissenting: hole.dissenting | dissenting }
  const left: SequenceHole[] = []
  if (start !== hole.from) left.push({ ...rest, to: start })
  if (((end - hole.from) | 0) <= 0) return [rest]
  if (end !== hole.to) left.push({ ...rest, from: end, slack })
  return left
}
