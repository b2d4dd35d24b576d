/** Looks up processes by pid: whether one is alive, since when, and which program it runs. */

import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface ProcessState {
  /** The short name of the program. */
  readonly command: string
  /** Differs between two processes that had the same pid. */
  readonly startedAt: string
}

/**
 * Reads the state of a process.
 *
 * @returns undefined when there is no such process, or when it is a zombie. A zombie is dead,
 *   although signals reach it; in containers nobody may ever reap it.
 */
export async function readProcessState(pid: number): Promise<ProcessState | undefined> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined
  }
  if (process.platform !== 'linux') return readStateByPs(pid)
  // "pid (command) state ppid …": the command may contain anything, so count from the last ")".
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { command: text.slice(text.indexOf('(') + 1, end), startedAt: fields[19] ?? '' }
}

async function readStateByPs(pid: number): Promise<ProcessState | undefined> {
  const ask = async (field: string) =>
    (await run('ps', ['-o', `${field}=`, '-p', String(pid)]).catch(() => undefined))?.stdout.trim()
  const state = await ask('stat')
  if (!state || state.startsWith('Z')) return undefined
  const command = (await ask('comm'))?.split('/').pop() ?? ''
  return { command, startedAt: (await ask('lstart')) ?? '' }
}

/** Reads the working folder of a process; undefined where the system does not report it. */
export async function readWorkingFolder(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined)
}
