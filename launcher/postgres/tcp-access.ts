/**
 * The embedded server on loopback TCP, for Grafana and other tools: its settings, who may log in, and
 * whether the port is free.
 */

import { chown, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DATABASE_NAME } from './cluster.ts'
import { DEFAULT_PORT } from './postmaster-file.ts'
import { READER_ROLE } from './reader-login.ts'
import type { ServerAccount } from './server-account.ts'
import { ServerError } from './server-error.ts'

export interface TcpAccess {
  /** The port on 127.0.0.1 and ::1. PostgreSQL names the socket after it, too. */
  readonly port: number
  /** The file of the password of `netflow_reader`, created when missing. */
  readonly passwordFile: string
}

const LOOPBACK = ['127.0.0.1', '::1'] as const

/**
 * Replaces the `pg_hba.conf` of `initdb --auth=trust`, which trusts everybody on loopback TCP as well.
 * The first rule is the same: whoever reaches the socket is trusted.
 */
const HOST_RULES = `# Written at each start with EMBEDDED_PG_PORT.
local all all trust
${LOOPBACK.map((host) => `host ${DATABASE_NAME} ${READER_ROLE} ${host} ${maskOf(host)} scram-sha-256\n`).join('')}`

function maskOf(host: string): string {
  return host.includes(':') ? 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' : '255.255.255.255'
}

/** The port that names the socket. */
export function portOf(tcp: TcpAccess | undefined): number {
  return tcp?.port ?? DEFAULT_PORT
}

/** Returns where the server listens. `dataDir` is the cluster, absolute. */
export function listenSettings(dataDir: string, tcp: TcpAccess | undefined) {
  const port = String(portOf(tcp))
  if (!tcp) return { listen_addresses: '', port }
  return { listen_addresses: LOOPBACK.join(','), port, hba_file: rulesPath(dataDir) }
}

/**
 * Writes the rules of access before a start on TCP, and removes them before one without.
 *
 * @throws ServerError when another program has the port: PostgreSQL would go on with one address of two
 */
export async function prepareTcp(
  dataDir: string,
  account: ServerAccount,
  tcp: TcpAccess | undefined,
): Promise<void> {
  const path = rulesPath(dataDir)
  if (!tcp) {
    await rm(path, { force: true })
    return
  }
  for (const host of LOOPBACK) await checkPort(host, tcp.port)
  await writeFile(path, HOST_RULES, { mode: 0o600 })
  if (account.ids) await chown(path, account.ids.uid, account.ids.gid)
}

function rulesPath(dataDir: string): string {
  return join(dataDir, 'netflow_hba.conf')
}

async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host, port, exclusive: true }, resolve)
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A machine without IPv6 has no ::1.
    if (host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return
    const place = `TCP port ${port} on ${host}`
    throw new ServerError(
      code === 'EADDRINUSE'
        ? `${place} is in use, so the embedded PostgreSQL cannot listen: set EMBEDDED_PG_PORT to a ` +
            'free port, or end the other program'
        : `the embedded PostgreSQL cannot listen on ${place} (${code}): change EMBEDDED_PG_PORT`,
      error,
    )
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}
