/**
 * A proxy between a client and a PostgreSQL server that cuts a connection at its COMMIT, before or after
 * the server has seen it. It passes everything else on unchanged.
 */

import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import pg from 'pg'

/** The simple query `commit`: type, length, text, NUL. */
const COMMIT = Buffer.from('510000000b636f6d6d697400', 'hex')

/** `lose-commit`: the server never sees it. `lose-answer`: it commits, and the client never knows. */
export type Cut = 'lose-commit' | 'lose-answer'

export class CuttingProxy {
  /** What to do with the next commits, in order; none: pass them on. */
  readonly cuts: Cut[] = []
  readonly #target: pg.Client
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  /** @param url of a server whose users need no password */
  constructor(url: string) {
    this.#target = new pg.Client({ connectionString: url })
  }

  /** Listens; returns the connection string that leads through here. */
  async start(): Promise<string> {
    const server = createServer((client) => this.#accept(client))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { user = '', database = '' } = this.#target
    return `postgres://${user}@127.0.0.1:${port}/${database}`
  }

  #accept(client: Socket): void {
    const { host, port } = this.#target
    const server = host.startsWith('/') ? dial(`${host}/.s.PGSQL.${port}`) : dial(port, host)
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      // An error on one side reaches the other one as an end.
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    }
    server.on('data', (bytes: Buffer) => client.write(bytes))
    server.on('close', () => client.destroy())
    client.on('close', () => server.end())
    client.on('data', (bytes: Buffer) => {
      const cut = bytes.includes(COMMIT) ? this.cuts.shift() : undefined
      if (cut !== 'lose-commit') server.write(bytes)
      if (cut === undefined) return
      server.removeAllListeners('data')
      server.resume()
      client.destroy()
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => {
      if (this.#server) this.#server.close(() => resolve())
      else resolve()
    })
  }
}
