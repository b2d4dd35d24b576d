/** A proxy that adds TLS to a test server, with certificates that openssl makes. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import pg from 'pg'

/** SSLRequest: length, code. */
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')

/** Why no certificate can be made here; false: it can. */
export function whyNoTls(): string | false {
  const { stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  // Older ones cannot sign for an authority with one command.
  return /^OpenSSL [3-9]/.test(stdout ?? '') ? false : 'openssl 3 is not installed'
}

export class TlsProxy {
  /** The certificate of the authority, which signs itself; and another one, which signs nothing. */
  readonly authority: string
  readonly otherAuthority: string
  /** Whether it answers that it has no TLS. */
  isPlain = false
  readonly #folder = mkdtempSync(join(tmpdir(), 'tls-'))
  readonly #target: pg.Client
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly #identity: { readonly key: Buffer; readonly cert: Buffer }

  /**
   * @param target of a server on a Unix socket whose users need no password
   * @param name the name in the server's certificate
   */
  constructor(target: string, name: string) {
    this.#target = new pg.Client({ connectionString: target })
    this.authority = this.#certify('authority', '/CN=Test authority')
    this.otherAuthority = this.#certify('other', '/CN=Another authority')
    const signed = ['-CA', this.authority, '-CAkey', join(this.#folder, 'authority.key')]
    const names = ['-addext', `subjectAltName=DNS:${name}`]
    const cert = readFileSync(this.#certify('server', `/CN=${name}`, [...signed, ...names]))
    this.#identity = { cert, key: readFileSync(join(this.#folder, 'server.key')) }
    this.#server = createServer((client) => this.#accept(client))
  }

  /** Listens; returns the connection string that leads through here. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, 'localhost', resolve))
    const { port } = this.#server.address() as { port: number }
    const { user = '', database = '' } = this.#target
    return `postgres://${user}@localhost:${port}/${database}`
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Makes a key and a certificate; returns the path of the certificate. */
  #certify(file: string, subject: string, more: readonly string[] = []): string {
    const path = join(this.#folder, `${file}.crt`)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const files = ['-keyout', join(this.#folder, `${file}.key`), '-out', path]
    execFileSync('openssl', ['req', '-x509', ...key, ...files, '-subj', subject, ...more], {
      stdio: 'ignore',
    })
    return path
  }

  #accept(client: Socket): void {
    this.#keep(client)
    client.once('data', (bytes: Buffer) => {
      if (!bytes.equals(SSL_REQUEST)) return this.#join(client, bytes)
      client.write(this.isPlain ? 'N' : 'S')
      if (this.isPlain) return client.once('data', (first: Buffer) => this.#join(client, first))
      const encrypted = new TLSSocket(client, { isServer: true, ...this.#identity })
      this.#keep(encrypted)
      encrypted.once('data', (first: Buffer) => this.#join(encrypted, first))
    })
  }

  #join(client: Socket, first: Buffer): void {
    const { host, port } = this.#target
    const server = dial(`${host}/.s.PGSQL.${port}`)
    this.#keep(server)
    server.write(first)
    server.pipe(client)
    client.pipe(server)
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    // An error on one side reaches the other one as an end.
    socket.on('error', () => {})
  }
}
