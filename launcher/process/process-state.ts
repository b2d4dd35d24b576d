/**
 * Looks at processes by pid: whether one is alive, since when, and what it is. It sends no signals.
 */

import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface ProcessState {
  /** The short name of the program. */
  readonly command: string
  /** Tells two processes that had the same pid apart. */
  readonly startedAt: string
}

/**
 * Reads the state of a process; `undefined` when there is none or when it is a zombie, which is
 * dead although signals still reach it (in containers nobody may ever reap it).
 */
export async function readProcessState(pid: number): Promise<ProcessState | undefined> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined
  }
  if (process.platform !== 'linux') return readStateByPs(pid)
  // "pid (command) state ppid …": the command may hold anything, so count from its last ")".
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

/** Gives the folder that a process works in; `undefined` where the system does not tell. */
export async function readWorkingFolder(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined)
}
