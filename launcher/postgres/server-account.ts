/**
 * Chooses the user of the embedded server: PostgreSQL refuses to run as root. Only the database's
 * own folder ever changes its owner.
 */

import { execFile } from 'node:child_process'
import { chmod, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The way to run a server program. */
export interface ServerAccount {
  /** The words before the program on the command line. */
  readonly prefix: readonly string[]
  /** Present where the program runs as another user. */
  readonly ids?: { readonly uid: number; readonly gid: number }
}

interface AccountOptions {
  /** The cluster, which may not exist yet. */
  readonly dataDir: string
  /** False: behaves as where the kernel or a container forbids user namespaces. */
  readonly userNamespaces: boolean
}

/** The server's user cannot enter a folder; `code` is `SERVER_FOLDER_CLOSED`. */
class ServerFolderClosedError extends Error {
  readonly code = 'SERVER_FOLDER_CLOSED'
  constructor(folder: string) {
    super(
      `as root, the embedded PostgreSQL runs as an unprivileged user, who cannot enter ${folder}. ` +
        `Run this as an ordinary user, or allow it with: chmod o+x ${folder}`,
    )
    this.name = 'ServerFolderClosedError'
  }
}

const NOBODY = 65_534

/**
 * Chooses the user.
 *
 * An ordinary user runs the server. PostgreSQL refuses a user id without an account, so that one
 * appears as `nobody` in a user namespace.
 *
 * As root, the server runs as the owner of an existing cluster, if that is another user. Otherwise
 * root appears as `nobody` in a user namespace: no file changes its owner, and private folders work.
 * Where user namespaces are forbidden, the server runs as the real `nobody`.
 */
export async function chooseServerAccount(options: AccountOptions): Promise<ServerAccount> {
  const isRoot = process.getuid?.() === 0
  if (!isRoot && hasAccount()) return { prefix: [] }
  const cluster = await stat(options.dataDir).catch(() => undefined)
  if (isRoot && cluster && cluster.uid !== 0) {
    return { prefix: [], ids: { uid: cluster.uid, gid: cluster.gid } }
  }
  const prefix = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--']
  if (options.userNamespaces && (await succeeds([...prefix, 'true']))) return { prefix }
  return isRoot ? { prefix: [], ids: await nobodyIds() } : { prefix: [] }
}

/** A container may run as a user id without an account. */
function hasAccount(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

async function nobodyIds(): Promise<{ uid: number; gid: number }> {
  // The ids of `nobody` differ between systems.
  const ask = async (flag: string) => Number((await run('id', [flag, 'nobody'])).stdout)
  return { uid: await ask('-u'), gid: await ask('-g') }
}

async function succeeds([command = '', ...parameters]: string[]): Promise<boolean> {
  return run(command, parameters).then(
    () => true,
    () => false,
  )
}

/**
 * Makes the account the owner of a folder, if it is another user than that of this process.
 *
 * @throws ServerFolderClosedError when the user cannot enter the folder or `binDir`
 */
export async function handOver(account: ServerAccount, folder: string, binDir: string) {
  if (!account.ids) return
  const { uid, gid } = account.ids
  const parent = await stat(dirname(folder))
  // The parent is usually our private folder `data`; others may now pass it, but not list it.
  if (parent.uid === 0) await chmod(dirname(folder), (parent.mode & 0o7777) | 0o011)
  for (const path of [dirname(folder), binDir]) {
    for (let above = path; above !== dirname(above); above = dirname(above)) {
      const { mode, uid: owner } = await stat(above)
      if ((mode & 0o001) === 0 && owner !== uid) throw new ServerFolderClosedError(above)
    }
  }
  if ((await stat(folder)).uid === uid) return
  await run('chown', ['-R', `${uid}:${gid}`, '--', folder])
}
