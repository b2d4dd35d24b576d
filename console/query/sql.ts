/** Statements with parameters, and the rows that answer them. */

/** The text of a statement with parameters `$n`, and their values. */
export interface Sql {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Collects the values of a statement. */
export class Parameters {
  readonly values: unknown[] = []

  /** Adds a value. @returns the name of its parameter */
  add(value: unknown): string {
    return `$${this.values.push(value)}`
  }
}

/** A row, each value as PostgreSQL writes it. */
export type Row = Readonly<Record<string, string | null>>

/** Runs a query. All queries of one answer must see one snapshot. */
export type Ask = (sql: Sql) => Promise<readonly Row[]>
