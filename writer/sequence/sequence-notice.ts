/** Findings about the numbers of a stream, to be logged once. */

import type { Claim } from './loss-account.ts'
import type { UnitChange } from './unit-learner.ts'

/** Found out about one exporter. */
export type TrackerNotice =
  | ({ readonly kind: 'unit-changed' } & UnitChange)
  | { readonly kind: 'unit-unknown'; readonly retracted: Claim['losses'] }
  | { readonly kind: 'several-series'; readonly series: number }

/** Found out about a stream. */
export type SequenceNotice =
  | TrackerNotice
  | { readonly kind: 'several-exporters'; readonly ports: readonly number[] }
