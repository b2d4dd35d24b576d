/**
 * Sends statements to the server together and waits once for all answers. It begins and ends no
 * transaction, and reads no rows.
 */

import type pg from 'pg'

/** A statement that is prepared when a connection runs it for the first time. */
export interface Statement {
  /** Names the text; the same for every run. */
  readonly name: string
  readonly text: string
  /** Arrays and objects as PostgreSQL reads them from text. */
  readonly values: readonly (string | number | null)[]
}

/** What came of statements that were sent together. */
export interface StatementResults {
  /** Rows that each statement has changed or found, up to the first one that failed. */
  readonly counts: readonly number[]
  /** Why the first one failed: those behind it did not run, and the connection is to be closed. */
  readonly error: unknown
}

/**
 * A jsonb array has room for 256 MiB, a string of V8 for 512 MiB: what many exporters bring about in
 * one batch must stay far below both.
 */
const MAX_JSON_CHARACTERS = 8 * 1024 * 1024

/**
 * Makes the statements that take rows as JSON in `$1`: none when there are no rows, and as many as
 * their size asks for.
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

/** Statements that a connection has prepared. */
const PREPARED = new WeakMap<pg.Client, Set<string>>()

/**
 * Runs statements in their order within the open transaction. One after the other, each would wait
 * for the answer to the one before, and for a turn of this process.
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
 * A query in the sense of pg: it calls these methods.
 *
 *     sequence = (Parse? Bind Execute)* Sync
 *     answer   = (ParseComplete? BindComplete CommandComplete)* ErrorResponse? ReadyForQuery
 *                          (PostgreSQL: "Message Flow", Extended Query and Pipelining)
 */
class StatementSequence {
  readonly results: Promise<StatementResults>
  /** pg puts the timer of `query_timeout` around it. */
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
      connection.bind({ statement: name, values: values.map(toText) }, true)
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
    // How many there are is told at the end.
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

function toText(value: string | number | null): string | null {
  return value === null ? null : String(value)
}
