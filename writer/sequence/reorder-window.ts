/** The reorder window: how late a number may come before it counts as lost. */

/** This many later datagrams of the stream close the window. */
export const REORDER_WINDOW_DATAGRAMS = 32

/** The window closes after this time, even if no more datagrams come. */
export const REORDER_WINDOW_MS = 2_000

/** A moment in the life of a stream, in both measures of the window. */
export interface WindowPosition {
  /** Unix milliseconds. */
  readonly nowMs: number
  /** The number of datagrams that the stream has observed. */
  readonly count: number
}

/** Two numbers within this distance may belong to the same numbering. */
export const NEAR_UNITS = 1_024
