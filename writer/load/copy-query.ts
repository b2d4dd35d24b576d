/**
 * A COPY of data that is at hand: the statement and all of its data are handed to the socket at once.
 * It begins and ends no transaction.
 */

import type pg from 'pg'

const COPY_DATA = 0x64
const COPY_DONE = Buffer.from('6300000004', 'hex')
const HEADER_BYTES = 5

/**
 * Runs a COPY … FROM STDIN. A stream that asks for each piece of the data takes 0.15 µs a row of this
 * process, and its turns of the event loop let the server wait.
 *
 * @param text may hold statements before the COPY, which is the last one
 * @param data is not to be changed until the COPY is over, or the connection is closed
 * @returns how many rows the server says it has taken
 * @throws the server's error, or the connection's
 */
export function runCopy(client: pg.Client, text: string, data: Iterable<Buffer>): Promise<number> {
  const copy = new CopyQuery(text, data)
  client.query(copy)
  return copy.rows
}

/**
 * A query in the sense of pg: it calls these methods. The data does not wait for the server to agree
 * to the COPY: where it does not, it ignores them.
 *
 *     request = Query (CopyData)* CopyDone
 *     CopyData = 'd' length:i32 byte*        CopyDone = 'c' length:i32=4
 *     answer  = CommandComplete* CopyInResponse CommandComplete ReadyForQuery
 *             | CommandComplete* CopyInResponse? ErrorResponse ReadyForQuery
 *                                                   (PostgreSQL: "COPY Operations")
 */
class CopyQuery {
  readonly rows: Promise<number>
  /** pg puts the timer of `query_timeout` around it. */
  callback = () => {}
  readonly #text: string
  readonly #data: Iterable<Buffer>
  #count = 0
  #resolve: (rows: number) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(text: string, data: Iterable<Buffer>) {
    this.#text = text
    this.#data = data
    this.rows = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection
    stream.cork()
    connection.query(this.#text)
    for (const piece of this.#data) {
      const header = Buffer.allocUnsafe(HEADER_BYTES)
      header[0] = COPY_DATA
      header.writeInt32BE(piece.length + 4, 1)
      stream.write(header)
      stream.write(piece)
    }
    stream.write(COPY_DONE)
    stream.uncork()
  }

  handleCopyInResponse(): void {
    // It has what it asks for.
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#count = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0)
  }

  handleError(error: unknown): void {
    this.callback()
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    this.callback()
    this.#resolve(this.#count)
  }
}
