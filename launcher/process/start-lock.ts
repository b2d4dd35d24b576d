/**
 * Lets one launcher at a time use a folder, by a lock file with the pids of the launcher and of its
 * children.
 */

import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readProcessState } from './process-state.ts'

interface ProcessMark {
  readonly pid: number
  /** Distinguishes it from a later process with the same pid. */
  readonly startedAt: string
}

interface LockContent {
  readonly launcher: ProcessMark
  readonly children: readonly ProcessMark[]
}

/** Another launcher uses the folder; `code` is `ALREADY_RUNNING`. */
export class AlreadyRunningError extends Error {
  readonly code = 'ALREADY_RUNNING'
  constructor(pid: number, path: string) {
    super(
      `already running with pid ${pid} (${path}). Stop that one with Ctrl-C or kill ${pid}, or ` +
        'start this one in another folder, with another NAMED_PIPE_FILENAME and NETFLOW_PORT',
    )
    this.name = 'AlreadyRunningError'
  }
}

/** Processes of a killed launcher go on; `code` is `LEFT_OVER`. */
class LeftOverError extends Error {
  readonly code = 'LEFT_OVER'
  constructor(pids: string) {
    super(`processes of an earlier start do not end; end them with: kill -9 ${pids}`)
    this.name = 'LeftOverError'
  }
}

/** Above the writer's own deadline for committing its last batches. */
const LEFT_OVER_DEADLINE_MS = 60_000

/** Far above the time to remove one file: a guard of this age belonged to a killed process. */
const GUARD_DEADLINE_MS = 10_000

export class StartLock {
  readonly #path: string
  readonly #leftOverDeadlineMs: number
  #children: readonly ProcessMark[] = []
  #isHeld = false

  constructor(path: string, leftOverDeadlineMs = LEFT_OVER_DEADLINE_MS) {
    this.#path = path
    this.#leftOverDeadlineMs = leftOverDeadlineMs
  }

  /**
   * Locks the folder. The children of a killed launcher finish their work by themselves, and the lock
   * waits for them.
   *
   * @param onWait called once, with the pids of these children
   * @throws AlreadyRunningError, or LeftOverError when they do not end; then the lock still names them
   */
  async take(onWait: (pids: readonly number[]) => void): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    while (!(await this.#create())) {
      const text = await readIfThere(this.#path)
      if (text === undefined) continue
      const content = parseContent(text)
      if (content && (await isAlive(content.launcher))) {
        throw new AlreadyRunningError(content.launcher.pid, this.#path)
      }
      // Set before the lock is taken: its first content must name them, in case this one dies.
      this.#children = content?.children ?? []
      await this.#breakLock(text)
    }
    await waitForEnd(this.#children, this.#leftOverDeadlineMs, onWait)
    // Not before: a lock that is given up while children go on must name them to the next launcher.
    this.#isHeld = true
  }

  /** Writes the pids into the lock: the next launcher waits for them if this one is killed. */
  async setChildren(pids: readonly number[]): Promise<void> {
    this.#children = await Promise.all(pids.map(markProcess))
    if (this.#isHeld) await this.#write()
  }

  async release(): Promise<void> {
    if (!this.#isHeld) return
    this.#isHeld = false
    await rm(this.#path, { force: true })
  }

  /** A link appears at once with its whole content, or not at all. */
  async #create(): Promise<boolean> {
    const draft = `${this.#path}.${randomUUID()}`
    await writeFile(draft, await this.#describe(), { mode: 0o600 })
    try {
      await link(draft, this.#path)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await rm(draft, { force: true })
    }
  }

  async #write(): Promise<void> {
    const draft = `${this.#path}.${randomUUID()}`
    await writeFile(draft, await this.#describe(), { mode: 0o600 })
    await rename(draft, this.#path)
  }

  async #describe(): Promise<string> {
    const content: LockContent = {
      launcher: await markProcess(process.pid),
      children: this.#children,
    }
    return `${JSON.stringify(content)}\n`
  }

  /**
   * Removes the lock of a dead launcher. Only one launcher at a time may do this: another could
   * otherwise remove a lock that was taken meanwhile.
   */
  async #breakLock(text: string): Promise<void> {
    const guard = `${this.#path}.breaking`
    try {
      await mkdir(guard)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const made = await stat(guard).catch(() => undefined)
      const isOld = made !== undefined && Date.now() - made.mtimeMs > GUARD_DEADLINE_MS
      if (isOld) await rmdir(guard).catch(() => {}) // Or another launcher did.
      await sleep(20)
      return
    }
    if ((await readIfThere(this.#path)) === text) await rm(this.#path)
    await rmdir(guard)
  }
}

async function waitForEnd(
  processes: readonly ProcessMark[],
  deadlineMs: number,
  onWait: (pids: readonly number[]) => void,
): Promise<void> {
  const deadline = Date.now() + deadlineMs
  let isReported = false
  for (;;) {
    const alive: number[] = []
    for (const mark of processes) if (await isAlive(mark)) alive.push(mark.pid)
    if (alive.length === 0) return
    if (Date.now() > deadline) throw new LeftOverError(alive.join(' '))
    if (!isReported) onWait(alive)
    isReported = true
    await sleep(100)
  }
}

async function markProcess(pid: number): Promise<ProcessMark> {
  return { pid, startedAt: (await readProcessState(pid))?.startedAt ?? '' }
}

async function isAlive(mark: ProcessMark): Promise<boolean> {
  return (await readProcessState(mark.pid))?.startedAt === mark.startedAt
}

/** @returns undefined for a lock that a crash of the machine has cut */
function parseContent(text: string): LockContent | undefined {
  try {
    return JSON.parse(text) as LockContent
  } catch {
    return undefined
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
