/**
 * Reads what processes have used, from /proc; undefined where the system has none. It looks at pids
 * that it is given and at what they have started.
 */

import { readdirSync, readFileSync } from 'node:fs'

/** What the kernel counts CPU time in: USER_HZ is 100 on every Linux. */
const TICKS_PER_SECOND = 100

interface ProcessTimes {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly command: string
  /** It has ended, and nobody has asked how. */
  readonly isZombie: boolean
  readonly ownSeconds: number
  /** Of children that have ended and were waited for, with theirs. */
  readonly endedSeconds: number
}

/** Gives the CPU seconds of a process alone, of its living threads where the system tells exactly. */
export function readCpuSeconds(pid: number): number | undefined {
  const times = readTimes(pid)
  if (!times) return undefined
  const threads = readFolder(`${pid}/task`).map((thread) =>
    // schedstat = nanoseconds on a CPU, nanoseconds waiting for one, slices
    Number(readProcFile(`${pid}/task/${thread}/schedstat`)?.split(' ')[0]),
  )
  const exact = threads.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9
  return exact > 0 ? exact : times.ownSeconds
}

/** Gives the CPU seconds of a process and of all that it started, ended or not. */
export function readTreeCpuSeconds(pid: number): number | undefined {
  const root = readTimes(pid)
  return root && sumTree(root, readAllTimes())
}

function sumTree(root: ProcessTimes, all: readonly ProcessTimes[]): number {
  const below = all.filter(({ parent }) => parent === root.pid)
  return below.reduce(
    (sum, child) => sum + sumTree(child, all),
    root.ownSeconds + root.endedSeconds,
  )
}

/**
 * Gives the CPU seconds of each process that is one of these or in the group of one, by pid, while it
 * lives or is not yet asked how it ended.
 */
export function readGroupCpuSeconds(leaders: readonly number[]): Map<number, number> {
  const members = readAllTimes().filter(
    ({ pid, group }) => leaders.includes(pid) || leaders.includes(group),
  )
  return new Map(members.map(({ pid, ownSeconds }) => [pid, ownSeconds]))
}

/** Tells whether a process of the group of this one still runs. */
export function isGroupAlive(leader: number): boolean {
  return readAllTimes().some(({ group, isZombie }) => group === leader && !isZombie)
}

/** Gives the parent of a process if both are this machine's and run the same program. */
export function readParentOfSameKind(pid: number): number | undefined {
  const child = readTimes(pid)
  const parent = child && readTimes(child.parent)
  return parent?.command === child?.command ? parent?.pid : undefined
}

export interface MemoryUsage {
  readonly rssBytes: number
  readonly peakRssBytes: number
}

/** Gives the resident memory of a process, now and at its peak. */
export function readMemory(pid: number): MemoryUsage | undefined {
  const status = readProcFile(`${pid}/status`)
  const bytesOf = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status ?? '')?.[1])
  const usage = { rssBytes: bytesOf('VmRSS'), peakRssBytes: bytesOf('VmHWM') }
  return Number.isNaN(usage.rssBytes) ? undefined : usage
}

function readAllTimes(): ProcessTimes[] {
  const pids = readFolder('').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => readTimes(Number(pid))).filter((times) => times !== undefined)
}

/** `stat = pid (command) state ppid …`: the command may hold anything, so count from its last ")". */
function readTimes(pid: number): ProcessTimes | undefined {
  const stat = readProcFile(`${pid}/stat`)
  if (stat === undefined) return undefined
  const end = stat.lastIndexOf(')')
  const [state, ...fields] = stat.slice(end + 2).split(' ')
  const seconds = (first: number) =>
    (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND
  return {
    pid,
    parent: Number(fields[0]),
    group: Number(fields[1]),
    command: stat.slice(stat.indexOf('(') + 1, end),
    isZombie: state === 'Z',
    ownSeconds: seconds(10),
    endedSeconds: seconds(12),
  }
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(`/proc/${path}`)
  } catch {
    return []
  }
}

/** A process may end between being listed and being read. */
function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return undefined
  }
}
