/**
 * Decides as which user the embedded server runs: PostgreSQL refuses to run as root. It creates no
 * accounts, and it changes owners only of the database's own folder.
 */

import { execFile } from 'node:child_process'
import { chmod, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How to run a server program. */
export interface ServerAccount {
  /** What stands before the program on the command line. */
  readonly prefix: readonly string[]
  /** Present where the program changes to another user. */
  readonly ids?: { readonly uid: number; readonly gid: number }
}

interface AccountOptions {
  /** The cluster; it need not exist. */
  readonly dataDir: string
  /** False: behave as where the kernel or a container forbids user namespaces. */
  readonly userNamespaces: boolean
}

/** The server's user cannot reach its files; `code` is `SERVER_FOLDER_CLOSED`. */
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
 * Chooses the user. An ordinary user stays, or, without an account, which PostgreSQL does not
 * accept, seems to be `nobody` in a user namespace. Root becomes the owner of an existing cluster; else
 * `nobody` in a user namespace of its own, in which root's files seem to be nobody's, so no owner
 * changes and folders closed to others work; where that is forbidden, plain `nobody`.
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

/** Containers may be run as a number that no account has. */
function hasAccount(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

async function nobodyIds(): Promise<{ uid: number; gid: number }> {
  // `nobody` has other numbers on other systems.
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
 * Gives a folder to the account, where the account is another user than this process.
 *
 * @throws ServerFolderClosedError when the user cannot get to the folder or to `binDir`.
 */
export async function handOver(account: ServerAccount, folder: string, binDir: string) {
  if (!account.ids) return
  const { uid, gid } = account.ids
  const parent = await stat(dirname(folder))
  // The folder above is usually our own `data`, made closed; others may pass, but not look.
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
