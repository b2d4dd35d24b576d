/**
 * The losses of one stream by unit, and the claims that they were made under. A claim holds the
 * gaps that are taken back together if no unit explains the numbers after all.
 */

import type { SequenceGap } from './gap-ledger.ts'
import type { CountedUnit } from './sequence-unit.ts'

/** Losses by unit. */
export type Losses = Map<CountedUnit, number>

/** A gap, and the claim that it belongs to. */
export interface ClaimedGap extends SequenceGap {
  readonly claim: number
}

/** Gaps that may be taken back together; plain JSON. */
export interface Claim {
  readonly id: number
  readonly losses: Readonly<Partial<Record<CountedUnit, number>>>
}

/** Totals since construction; they fall only when a claim is retracted. */
export class LossAccount {
  readonly #losses: Losses = new Map()
  #lastClaim = 0
  #settled: number[] = []
  #retracted: Claim[] = []

  /** The number of the last claim, for storing. */
  get lastClaim(): number {
    return this.#lastClaim
  }

  /** Units lost, by unit; units without a loss may be missing. */
  get losses(): ReadonlyMap<CountedUnit, number> {
    return this.#losses
  }

  lostIn(unit: CountedUnit): number {
    return this.#losses.get(unit) ?? 0
  }

  /** Adds gaps to a claim, or to a new one, and returns the claim. */
  add(gaps: readonly SequenceGap[], claim: Claim | undefined): Claim {
    const losses = { ...claim?.losses }
    for (const { unit, lost } of gaps) {
      this.#losses.set(unit, this.lostIn(unit) + lost)
      losses[unit] = (losses[unit] ?? 0) + lost
    }
    this.#lastClaim += claim === undefined ? 1 : 0
    return { id: claim?.id ?? this.#lastClaim, losses }
  }

  /** Makes the gaps of a claim final. */
  settle(claim: Claim): void {
    this.#settled.push(claim.id)
  }

  /** Retracts the gaps of a claim. */
  retract(claim: Claim): void {
    this.#retracted.push(claim)
    for (const [unit, lost] of Object.entries(claim.losses)) {
      const counted = unit as CountedUnit
      this.#losses.set(counted, this.lostIn(counted) - lost)
    }
  }

  /** Returns the claims that were retracted since the last call. */
  takeRetracted(): readonly Claim[] {
    return this.#retracted.splice(0)
  }

  /** Returns the claims that became final since the last call. */
  takeSettled(): readonly number[] {
    return this.#settled.splice(0)
  }

  restore(lastClaim: number): void {
    this.#lastClaim = lastClaim
  }
}
