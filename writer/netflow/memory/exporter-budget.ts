/**
 * Limits the data of an exporter that cost far more than their bytes, by kind and second. Beyond a
 * limit only that kind is refused, so ordinary flows are always read.
 */

/** The amount that an exporter may send at once, and the amount that is refilled in a second. */
interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

/** Each costs 5 to 70 µs in the writer, and as much or more in the database. */
const ALLOWANCES = {
  /** Options records, and flow records too small for a flow: see `Template.isPoor`. */
  records: { burst: 65_536, perSecond: 5_000 },
  /**
   * New and changed templates; one of many fields counts as several. A chassis with 100 domains
   * defines a few thousand after its boot, and then only repeats them.
   */
  templates: { burst: 5_000, perSecond: 200 },
  /**
   * Data sets that wait for their template: an exporter has room for 2,760 of a datagram's length.
   */
  heldSets: { burst: 4_000, perSecond: 500 },
  /** Messages without content: some exporters send one a second when there are no flows. */
  emptyMessages: { burst: 128, perSecond: 20 },
  /** Streams that are new to the writer: a chassis that boots has hundreds, and then none. */
  streams: { burst: 1_280, perSecond: 2 },
} as const satisfies Readonly<Record<string, Allowance>>

export type BudgetKind = keyof typeof ALLOWANCES

/** Fields of a template that cost as much as the rest of it. */
export const FIELDS_PER_TEMPLATE_COST = 32

/** The rest of one allowance. */
interface Purse {
  left: number
  filledAtMs: number
}

export class ExporterBudget {
  readonly #purses: { [Kind in BudgetKind]?: Purse } = {}
  #nowMs = 0

  /** Sets the time, in milliseconds of any clock that is never set. */
  arrive(nowMs: number): void {
    this.#nowMs = nowMs
  }

  /** Whether something is left. */
  has(kind: BudgetKind): boolean {
    return this.spend(kind, 0)
  }

  /** Spends an amount; returns false if nothing is left. The last spending may exceed the rest. */
  spend(kind: BudgetKind, amount = 1): boolean {
    const { burst, perSecond } = ALLOWANCES[kind]
    this.#purses[kind] ??= { left: burst, filledAtMs: this.#nowMs }
    const purse = this.#purses[kind]
    const sinceMs = Math.max(0, this.#nowMs - purse.filledAtMs)
    purse.left = Math.min(burst, purse.left + (sinceMs * perSecond) / 1000)
    purse.filledAtMs = this.#nowMs
    if (purse.left < 1) return false
    purse.left -= amount
    return true
  }
}
