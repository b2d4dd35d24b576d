/** Chooses the folder of the embedded server's unix socket. It opens no socket. */

import { chown, mkdir, mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { SOCKET_PORT } from './postmaster-file.ts'
import type { ServerAccount } from './server-account.ts'

/** sockaddr_un holds 108 bytes on Linux, 104 on macOS, one of them a closing zero. */
const MAX_SOCKET_PATH_BYTES = 103

/**
 * Gives the folder of the socket: `wanted`, made when missing, unless its path is too long or the
 * account cannot write there; then a new one.
 *
 * @returns the absolute folder
 */
export async function chooseSocketDir(wanted: string, account: ServerAccount): Promise<string> {
  const socketDir = resolve(wanted)
  const path = join(socketDir, `.s.PGSQL.${SOCKET_PORT}`)
  await mkdir(socketDir, { recursive: true, mode: 0o700 })
  const usable = !account.ids || (await stat(socketDir)).uid === account.ids.uid
  if (usable && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) {
    return socketDir
  }
  const temporaryDir = await mkdtemp(join(tmpdir(), 'netflow-'))
  if (account.ids) await chown(temporaryDir, account.ids.uid, account.ids.gid)
  return temporaryDir
}
