/** Reads CPU time and memory of processes from /proc; results are undefined where there is none. */

import { readdirSync, readFileSync } from 'node:fs'

/** The unit of CPU time in /proc: USER_HZ is 100 on every Linux. */
const TICKS_PER_SECOND = 100

interface ProcessTimes {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly command: string
  /** It has ended, and its parent has not waited for it yet. */
  readonly isZombie: boolean
  readonly ownSeconds: number
  /** Of the ended descendants that were waited for. */
  readonly endedSeconds: number
}

/** Returns the CPU seconds of one process: exactly, of its live threads, if the kernel keeps them. */
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

/**
 * Returns how often the threads of a process have gone to sleep, and hence woken: their voluntary
 * context switches.
 */
export function readWakeUps(pid: number): number | undefined {
  const counts = readFolder(`${pid}/task`).map((thread) =>
    Number(
      /^voluntary_ctxt_switches:\s+(\d+)/m.exec(
        readProcFile(`${pid}/task/${thread}/status`) ?? '',
      )?.[1] ?? 0,
    ),
  )
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0)
}

/** Returns the CPU seconds of a process and of all its descendants, ended or not. */
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

/** Returns the CPU seconds, by pid, of these processes and of all others in their groups. */
export function readGroupCpuSeconds(leaders: readonly number[]): Map<number, number> {
  const members = readAllTimes().filter(
    ({ pid, group }) => leaders.includes(pid) || leaders.includes(group),
  )
  return new Map(members.map(({ pid, ownSeconds }) => [pid, ownSeconds]))
}

/** Whether a process in the group of this one still runs. */
export function isGroupAlive(leader: number): boolean {
  return readAllTimes().some(({ group, isZombie }) => group === leader && !isZombie)
}

/** Returns the parent of a process of this machine if both run the same program. */
export function readParentOfSameKind(pid: number): number | undefined {
  const child = readTimes(pid)
  const parent = child && readTimes(child.parent)
  return parent?.command === child?.command ? parent?.pid : undefined
}

export interface MemoryUsage {
  readonly rssBytes: number
  readonly peakRssBytes: number
}

/** Returns the resident memory of a process, now and at its peak. */
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

/** `stat = pid (command) state ppid …`; the command may contain ")", so fields count from the last. */
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
