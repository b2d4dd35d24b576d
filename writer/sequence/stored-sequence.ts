/** The stored state of the sequence of one exporter. */

import type { StoredClaims } from './loss-claims.ts'
import type { StoredMessage } from './message-history.ts'
import type { NumberingState } from './sequence-numbering.ts'
import type { SequenceUnit } from './sequence-unit.ts'
import type { StoredFit } from './unit-fit.ts'

/** The stored state of a stream's sequence; plain JSON. */
export interface SequenceState extends NumberingState, StoredClaims {
  readonly unit: SequenceUnit
  readonly recent?: readonly number[]
  readonly learned?: readonly number[]
  readonly fit?: StoredFit
  /** The last messages; all that are remembered while the unit is in doubt. */
  readonly history?: readonly StoredMessage[]
  /** Further series of numbers, beside the first. */
  readonly series?: readonly NumberingState[]
}
