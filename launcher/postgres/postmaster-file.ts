/**
 * The lock files that a PostgreSQL server keeps in its folders: finds a running server by them,
 * removes stale ones, and chooses the folder of the socket.
 *
 *     postmaster.pid = pid LF, data folder LF, start time LF, port LF, socket folder LF,
 *                      first address of TCP or nothing LF, …
 *     .s.PGSQL.<port>.lock = pid LF, …
 */

import { chown, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readProcessState, readWorkingFolder } from '../process/process-state.ts'
import type { ServerAccount } from './server-account.ts'
import { ServerError } from './server-error.ts'

/** The port of the socket's file name, where nothing listens on TCP. */
export const DEFAULT_PORT = 5432

/** Where a server listens. */
export interface ServerPlace {
  readonly socketDir: string
  /** A part of the socket's file name, and the port of TCP. */
  readonly port: number
}

/** A running server of a cluster. */
export interface RunningServer extends ServerPlace {
  readonly pid: number
  readonly hasTcp: boolean
}

/** Finds the running server of a cluster. */
export async function findRunningServer(dataDir: string): Promise<RunningServer | undefined> {
  const lines = await readLines(join(dataDir, 'postmaster.pid'))
  const pid = Number(lines[0])
  if (!(await isServerOf(pid, dataDir))) return undefined
  const [port, socketDir = '', address = ''] = [Number(lines[3]), lines[4], lines[5]]
  return { pid, socketDir, port, hasTcp: address.trim() !== '' }
}

/**
 * Removes lock files that would prevent a new server from starting, although their pid belongs to a
 * zombie or to another program. PostgreSQL itself removes those of an unused pid.
 *
 * Without `postmaster.pid`, PostgreSQL no longer checks for orphans that use the shared memory. So
 * this first waits until none is left.
 */
export async function clearStaleLocks(dataDir: string, place: ServerPlace): Promise<void> {
  await waitForOrphans(dataDir)
  const locks = [join(dataDir, 'postmaster.pid'), `${socketPath(place)}.lock`]
  for (const lock of locks) {
    // In single-user mode the server writes a negative pid.
    const pid = Math.abs(Number((await readLines(lock))[0]))
    if (pid > 0 && !(await isServerOf(pid, dataDir))) await rm(lock, { force: true })
  }
}

/** sockaddr_un has 108 bytes on Linux and 104 on macOS, including a closing zero. */
const MAX_SOCKET_PATH_BYTES = 103

/**
 * Chooses the folder of the socket: `wanted`, created when missing. Where its path is too long or
 * the account cannot write there, creates a temporary folder instead.
 *
 * @returns the absolute path
 */
export async function chooseSocketDir(
  wanted: ServerPlace,
  account: ServerAccount,
): Promise<string> {
  const socketDir = resolve(wanted.socketDir)
  const path = socketPath({ ...wanted, socketDir })
  await mkdir(socketDir, { recursive: true, mode: 0o700 })
  const usable = !account.ids || (await stat(socketDir)).uid === account.ids.uid
  if (usable && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) {
    return socketDir
  }
  const temporaryDir = await mkdtemp(join(tmpdir(), 'netflow-'))
  if (account.ids) await chown(temporaryDir, account.ids.uid, account.ids.gid)
  return temporaryDir
}

function socketPath({ socketDir, port }: ServerPlace): string {
  return join(socketDir, `.s.PGSQL.${port}`)
}

async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n')
}

/** The working folder of a server is its data folder, unlike that of another one with this pid. */
async function isServerOf(pid: number, dataDir: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  const state = await readProcessState(pid)
  if (state?.command !== 'postgres') return false
  const folder = await readWorkingFolder(pid)
  return folder === undefined || folder === (await realpath(dataDir))
}

const ORPHANS_DEADLINE_MS = 30_000

/** Waits for the children of a killed server: each ends when it notices the death of its parent. */
async function waitForOrphans(dataDir: string): Promise<void> {
  const deadline = Date.now() + ORPHANS_DEADLINE_MS
  for (;;) {
    const orphan = await findOrphan(dataDir)
    if (orphan === undefined) return
    if (Date.now() > deadline) {
      throw new ServerError(
        `process ${orphan} of an earlier server still uses ${dataDir}; end it (kill ${orphan}), ` +
          'then start again',
      )
    }
    await sleep(50)
  }
}

async function findOrphan(dataDir: string): Promise<number | undefined> {
  const entries = process.platform === 'linux' ? await readdir('/proc') : []
  for (const entry of entries) {
    const pid = Number(entry)
    if (pid > 0 && (await isServerOf(pid, dataDir)) && (await readWorkingFolder(pid))) return pid
  }
  return undefined
}
