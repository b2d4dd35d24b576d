/** The parts of a filter's condition that PostgreSQL and DuckDB write differently. */

import type { Condition } from './filter/filter-tree.ts'
import type { Parameters } from './sql.ts'

export type Addresses = Condition & { is: 'address' }
export type Ranges = (Condition & { is: 'within' })['ranges']

/** A test of a field in the JSON column `extra`. */
export interface ElementTest {
  readonly extra: string
  readonly element: string
  readonly condition: Condition
}

/** Every method returns SQL; lists are alternatives, at least one. */
export interface FilterSql {
  /** True where the condition is false or NULL. */
  not(condition: string): string
  within(column: string, ranges: Ranges, parameters: Parameters): readonly string[]
  addresses(column: string, addresses: Addresses, parameters: Parameters): readonly string[]
  /** Names of exporters, in lower case. */
  exporters(column: string, names: readonly string[], parameters: Parameters): readonly string[]
  /** Interfaces have names by the exporter's options data. */
  interfaceName(column: string, name: string, parameters: Parameters): string
  family(column: string, version: 4 | 6, parameters: Parameters): string
  mac(column: string, value: string, parameters: Parameters): string
  /** `dividend * scale cmp value * divisor`: multiplied, as a quotient would be rounded. */
  ratio(figures: RatioFigures, cmp: string, value: string): string
  element(test: ElementTest, parameters: Parameters): string
}

/** The columns of a ratio, as SQL. */
export interface RatioFigures {
  readonly dividend: string
  readonly scale: number
  readonly divisor: string
}
