/** The process of the embedded server: starts it, signals it, and checks whether it runs. */

import { type ChildProcess, spawn } from 'node:child_process'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { readProcessState } from '../process/process-state.ts'
import { serverEnvironment } from './cluster.ts'
import type { ServerPlace } from './postmaster-file.ts'
import type { ServerAccount } from './server-account.ts'

/** PostgreSQL's three ways to stop, and their signals. */
const STOP_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/**
 * smart waits for all sessions; fast ends them; immediate is like a kill, with recovery at the next
 * start.
 */
export type StopMode = keyof typeof STOP_SIGNALS

/** A server that was started or adopted. */
export interface Server extends ServerPlace {
  readonly pid: number
  /** undefined for a server that another process started. */
  readonly child: ChildProcess | undefined
  running: boolean
}

interface SpawnOptions {
  readonly binDir: string
  readonly account: ServerAccount
  /** The cluster. */
  readonly dataDir: string
  readonly settings: Readonly<Record<string, string>>
  /** The file of the server's first messages, written anew. */
  readonly log: string
}

/** Starts a server; it may not accept sessions yet. */
export async function spawnServer(options: SpawnOptions): Promise<ChildProcess> {
  const { binDir, account, dataDir, settings } = options
  const command = [
    ...account.prefix,
    join(binDir, 'postgres'),
    '-D',
    await realpath(dataDir),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const log = await open(options.log, 'w', 0o600)
  try {
    const child = spawn(command[0] ?? '', command.slice(1), {
      cwd: '/',
      env: serverEnvironment(),
      // In its own process group: a Ctrl-C must reach it last, by `stop`.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...account.ids,
    })
    await new Promise<void>((ready, fail) => child.once('spawn', ready).once('error', fail))
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

/** Signals a server; one that has ended is no error. */
export function signal(pid: number, mode: StopMode): void {
  try {
    process.kill(pid, STOP_SIGNALS[mode])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Whether the process of a server runs. */
export async function isAlive({ child, pid }: Server): Promise<boolean> {
  if (child) return child.exitCode === null && child.signalCode === null
  return (await readProcessState(pid))?.command === 'postgres'
}
