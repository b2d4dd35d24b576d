/**
 * Chooses the gaps of a stream that get a row of their own: a limited number an hour, so that an
 * exporter with invented gaps does not fill the disk. The others are merged into one row a unit and
 * hour.
 */

import type { GapChange, MergedGapChange, RetractedClaim } from '../load/tables/sequence-gaps.ts'
import type { StreamKey } from '../netflow/stream-key.ts'
import type { ClaimedGap } from '../sequence/loss-account.ts'

/** Gaps of a stream and hour with rows of their own. */
export const MAX_GAP_ROWS_PER_HOUR = 100

const HOUR_MICROS = 3_600_000_000

/** Merged gaps of one claim, hour and unit. */
interface ClaimShare extends MergedGapChange {
  readonly claim: number
}

/** The stored state; plain JSON. */
export interface StoredGapRows {
  readonly hour: number
  readonly rows: number
  readonly shares: readonly ClaimShare[]
}

export class GapRows {
  readonly #key: Pick<GapChange, 'exporter' | 'exportVersion' | 'observationDomain'>
  /** Hours since 1970; the latest one with a gap, so that a clock set back begins no new hour. */
  #hour = 0
  #rows = 0
  /** Since the last batch, by hour and unit. */
  #merged: Map<string, MergedGapChange> | undefined
  #retracted: Map<string, MergedGapChange> | undefined
  /** Merged gaps that may still be taken back, by claim, hour and unit. */
  #shares: Map<string, ClaimShare> | undefined

  constructor({ exporter, exportVersion, observationDomain }: StreamKey) {
    this.#key = { exporter, exportVersion, observationDomain }
  }

  /** Adds a gap. Returns its row, or undefined if it is merged. */
  add(gap: ClaimedGap, detectedAtMicros: number): GapChange | undefined {
    const { expected, received, lost, unit, claim } = gap
    const hour = Math.floor(detectedAtMicros / HOUR_MICROS)
    if (hour > this.#hour) {
      this.#hour = hour
      this.#rows = 0
    }
    const row = { ...this.#key, detectedAtMicros, expected, received, lost, unit }
    this.#rows += 1
    if (this.#rows <= MAX_GAP_ROWS_PER_HOUR) return { ...row, claim }
    const merged = { ...row, detectedAtMicros: this.#hour * HOUR_MICROS, merged: 1 }
    this.#merged = addTo(this.#merged, keyOf(merged), merged)
    const share = { ...merged, claim }
    this.#shares = addTo(this.#shares, `${claim} ${keyOf(merged)}`, share)
    return undefined
  }

  /** Makes the gaps of a claim final. */
  settle(claim: number): void {
    for (const [key, share] of this.#shares ?? []) {
      if (share.claim === claim) this.#shares?.delete(key)
    }
  }

  /** Retracts the gaps of a claim. */
  retract(claim: number): RetractedClaim {
    for (const { claim: other, ...share } of this.#shares?.values() ?? []) {
      if (other === claim) this.#retracted = addTo(this.#retracted, keyOf(share), share)
    }
    this.settle(claim)
    return { ...this.#key, claim }
  }

  /** Returns the merged gaps since the last call, and those that were taken back. */
  takeMerged(): {
    readonly merged: readonly MergedGapChange[]
    readonly retracted: readonly MergedGapChange[]
  } {
    const merged = [...(this.#merged?.values() ?? [])]
    const retracted = [...(this.#retracted?.values() ?? [])]
    this.#merged = undefined
    this.#retracted = undefined
    return { merged, retracted }
  }

  /** Whether there has never been a gap. */
  get isNew(): boolean {
    return this.#hour === 0 && this.#rows === 0
  }

  toState(): StoredGapRows {
    return { hour: this.#hour, rows: this.#rows, shares: [...(this.#shares?.values() ?? [])] }
  }

  restore({ hour, rows, shares }: StoredGapRows): void {
    this.#hour = hour
    this.#rows = rows
    for (const share of shares) {
      this.#shares = addTo(this.#shares, `${share.claim} ${keyOf(share)}`, share)
    }
  }
}

function keyOf({ detectedAtMicros, unit }: MergedGapChange): string {
  return `${detectedAtMicros} ${unit}`
}

/** Adds gaps to those of their key; most streams never have any, so the map is made here. */
function addTo<Gaps extends MergedGapChange>(
  gapsByKey: Map<string, Gaps> | undefined,
  key: string,
  gaps: Gaps,
): Map<string, Gaps> {
  const map = gapsByKey ?? new Map<string, Gaps>()
  const known = map.get(key)
  if (known === undefined) return map.set(key, gaps)
  const sum = { lost: known.lost + gaps.lost, merged: known.merged + gaps.merged }
  return map.set(key, { ...known, received: gaps.received, ...sum })
}
