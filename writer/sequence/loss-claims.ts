/**
 * The claims of a tracker since its unit was last proven: the gaps, and the counters before them.
 * All of it is taken back if no unit explains the numbers after all.
 */

import type { SequenceGap } from './gap-ledger.ts'
import type { Claim, ClaimedGap, LossAccount } from './loss-account.ts'

/** Counters that depend on the unit of a tracker. */
export interface JudgedCounts {
  readonly late: number
  readonly restarts: number
  readonly strays: number
}

export const NO_COUNTS: JudgedCounts = { late: 0, restarts: 0, strays: 0 }

/** The stored state; plain JSON. */
export interface StoredClaims {
  readonly claim?: Claim
  /** The counters when the unit was proven, relative to those at storing time. */
  readonly base?: JudgedCounts
}

const NO_CLAIMS: StoredClaims = {}

export class LossClaims {
  readonly #account: LossAccount
  #claim: Claim | undefined
  #base = NO_COUNTS

  constructor(account: LossAccount) {
    this.#account = account
  }

  /** Claims gaps. */
  add(gaps: readonly SequenceGap[]): readonly ClaimedGap[] {
    const claim = this.#account.add(gaps, this.#claim)
    this.#claim = claim
    return gaps.map((gap) => ({ ...gap, claim: claim.id }))
  }

  /** Makes the claims final. */
  settle(): void {
    if (this.#claim) this.#account.settle(this.#claim)
    this.#claim = undefined
  }

  /** Notes that the unit is proven. */
  prove({ late, restarts, strays }: JudgedCounts): void {
    this.settle()
    this.#base = { late, restarts, strays }
  }

  /** Retracts the claims. Returns their losses, and the counters without them. */
  retract(): { readonly losses: Claim['losses']; readonly counts: JudgedCounts } {
    const losses = this.#claim?.losses ?? {}
    if (this.#claim) this.#account.retract(this.#claim)
    this.#claim = undefined
    return { losses, counts: this.#base }
  }

  /** @param present the counters now: a restored tracker begins at zero */
  toState(present: JudgedCounts): StoredClaims {
    const late = this.#base.late - present.late
    const restarts = this.#base.restarts - present.restarts
    const strays = this.#base.strays - present.strays
    if (this.#claim !== undefined) return { base: { late, restarts, strays }, claim: this.#claim }
    const isZero = late === 0 && restarts === 0 && strays === 0
    return isZero ? NO_CLAIMS : { base: { late, restarts, strays } }
  }

  restore({ claim, base = NO_COUNTS }: StoredClaims): void {
    this.#claim = claim
    this.#base = base
  }
}
