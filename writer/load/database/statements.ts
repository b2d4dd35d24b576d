/** Sends statements to the server together, within an open transaction, and waits once for all. */

import type pg from 'pg'

type StatementValue = string | number | Buffer | null

/** A statement. A connection prepares it when it runs it for the first time. */
export interface Statement {
  /** Names the text: one name has one text. */
  readonly name: string
  readonly text: string
  /** Arrays and objects as PostgreSQL reads them from text; a buffer is in its binary format. */
  readonly values: readonly StatementValue[]
}

/** The answers to statements that were sent together. */
interface StatementResults {
  /** Rows that each statement changed or found, up to the first one that failed. */
  readonly counts: readonly number[]
  /** Why a statement failed. Those after it did not run, and the connection must be closed. */
  readonly error: unknown
}

/** Far below the limits of a jsonb array, 256 MiB, and of a string in V8, 512 MiB. */
const MAX_JSON_CHARACTERS = 8 * 1024 * 1024

/**
 * Writes the statements that hand over rows as JSON in `$1`: none without rows, and several when
 * the rows are too large for one.
 *
 * @param more the other values, from `$2` on
 */
export function* rowsStatements(
  name: string,
  text: string,
  rows: readonly object[],
  ...more: readonly string[]
): Iterable<Statement> {
  let parts: string[] = []
  let characters = 0
  for (const row of rows) {
    const part = JSON.stringify(row)
    if (characters + part.length > MAX_JSON_CHARACTERS && parts.length > 0) {
      yield { name, text, values: [`[${parts.join(',')}]`, ...more] }
      parts = []
      characters = 0
    }
    parts.push(part)
    characters += part.length
  }
  if (parts.length > 0) yield { name, text, values: [`[${parts.join(',')}]`, ...more] }
}

/** Names of the statements that a connection has prepared. */
const PREPARED = new WeakMap<pg.Client, Set<string>>()

/**
 * Runs statements in their order within the open transaction. Sent one by one, each would wait for
 * the answer to the one before, and for the event loop of this process.
 */
export function runTogether(
  client: pg.Client,
  statements: readonly Statement[],
): Promise<StatementResults> {
  let prepared = PREPARED.get(client)
  if (prepared === undefined) {
    prepared = new Set()
    PREPARED.set(client, prepared)
  }
  const sequence = new StatementSequence(statements, prepared)
  client.query(sequence)
  return sequence.results
}

/**
 * A query as pg understands it: an object with these methods, which pg calls.
 *
 *     sequence = (Parse? Bind Execute)* Sync
 *     answer   = (ParseComplete? BindComplete CommandComplete)* ErrorResponse? ReadyForQuery
 *                          (PostgreSQL: "Message Flow", Extended Query and Pipelining)
 */
class StatementSequence {
  readonly results: Promise<StatementResults>
  /** pg replaces it to stop the timer of `query_timeout`. */
  callback = () => {}
  readonly #statements: readonly Statement[]
  readonly #prepared: Set<string>
  readonly #counts: number[] = []
  #finish: (results: StatementResults) => void = () => {}

  constructor(statements: readonly Statement[], prepared: Set<string>) {
    this.#statements = statements
    this.#prepared = prepared
    this.results = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork()
    for (const { name, text, values } of this.#statements) {
      if (!this.#prepared.has(name)) connection.parse({ name, text, types: [] }, true)
      this.#prepared.add(name)
      connection.bind({ statement: name, values: values.map(toParameter) }, true)
      connection.execute({}, true)
    }
    connection.sync()
    connection.stream.uncork()
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // `INSERT 0 5`, `UPDATE 1`
    this.#counts.push(Number(/\d+$/.exec(text)?.[0] ?? 0))
  }

  handleDataRow(): void {
    // CommandComplete has their number.
  }

  handleError(error: unknown): void {
    this.callback()
    this.#finish({ counts: this.#counts, error })
  }

  handleReadyForQuery(): void {
    this.callback()
    this.#finish({ counts: this.#counts, error: undefined })
  }
}

function toParameter(value: StatementValue): string | Buffer | null {
  return typeof value === 'number' ? String(value) : value
}
