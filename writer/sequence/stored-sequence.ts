/** The stored states of sequences; plain JSON. */

import type { StoredClaims } from './loss-claims.ts'
import type { StoredMessage } from './message-history.ts'
import type { StoredRecent } from './recent-datagrams.ts'
import type { NumberingState } from './sequence-numbering.ts'
import type { SequenceCheck, SequenceUnit } from './sequence-unit.ts'
import type { LearnedUnit } from './unit-learner.ts'

/** The state of one tracker. */
export interface SequenceState extends NumberingState, LearnedUnit, StoredClaims {
  readonly unit: SequenceUnit
  readonly recent?: StoredRecent
  /** The last messages; all that are remembered while the unit is in doubt. */
  readonly history?: readonly StoredMessage[]
  /** Further series of numbers, beside the first. */
  readonly series?: readonly NumberingState[]
}

/** A source port and the state of its tracker. */
export type StoredPort = readonly [port: number, state: SequenceState]

/** The state of a stream's sequence; `ports` is set while the stream is split. */
export interface StreamSequenceState extends SequenceState {
  readonly ports?: readonly StoredPort[]
  readonly check?: SequenceCheck
  readonly lastClaim?: number
}
