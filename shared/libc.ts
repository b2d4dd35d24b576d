/**
 * The few calls of Linux's C library that Node.js does not offer. They are optional: where they cannot
 * be loaded (another system, a processor without a prebuilt package), callers do without and say so.
 */

import { createRequire } from 'node:module'
import { constants } from 'node:os'

export interface Libc {
  /**
   * Moves up to `maxBytes` out of a pipe to a file's end without a copy in this process: when the
   * process is killed, each byte is either in the file or still in the pipe (splice(2)).
   *
   * @returns the bytes moved, 0 when the pipe is empty, or an error number below 0
   */
  movePipeToFile(pipeFd: number, fileFd: number, maxBytes: number): number
  /** Takes the lock that ends with the process; false when another process has it (flock(2)). */
  lockFile(fd: number): boolean
  /** Tells whether another process has the lock; takes it for an instant to find out. */
  isLocked(fd: number): boolean
  /** Bytes that a pipe holds, or an error number below 0 (ioctl(2)). */
  unreadBytes(pipeFd: number): number
  /** Sets how much a pipe holds and gives what it holds now, or an error number below 0 (fcntl(2)). */
  setPipeBytes(fd: number, bytes: number): number
  /** Sets how much a socket takes that was not received yet (socket(7)); false when it cannot. */
  setSendBuffer(socketFd: number, bytes: number): boolean
}

const SPLICE_F_NONBLOCK = 2
const LOCK_EXCLUSIVE_NOW = 2 | 4
const UNLOCK = 8
const F_SETPIPE_SZ = 1031
const FIONREAD = 0x541b
const SOL_SOCKET = 1
const SO_SNDBUF = 7

type Koffi = typeof import('koffi')
type Call = (...values: readonly (number | Buffer | null)[]) => number

/** Calls this process's C library by koffi; nothing where that cannot be loaded, or is no Linux. */
export function openLibrary(): { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    return { koffi, library: koffi.load(null) }
  } catch {
    // Not installed, or not for this machine: that is what undefined says.
    return undefined
  }
}

/** Loads the calls; undefined where there are none. */
export function loadLibc(): Libc | undefined {
  const opened = openLibrary()
  if (!opened) return undefined
  const { koffi, library } = opened
  const splice = library.func(
    'intptr_t splice(int in, void *inAt, int out, void *outAt, size_t length, unsigned int flags)',
  ) as Call
  const flock = library.func('int flock(int fd, int operation)') as Call
  const fcntl = library.func('int fcntl(int fd, int command, int value)') as Call
  const ioctl = library.func('int ioctl(int fd, unsigned long request, void *value)') as Call
  const setsockopt = library.func(
    'int setsockopt(int fd, int level, int name, void *value, unsigned int size)',
  ) as Call
  const unread = Buffer.alloc(4)
  const checked = (result: number) => (result < 0 ? -koffi.errno() : result)
  return {
    movePipeToFile: (pipeFd, fileFd, maxBytes) => {
      const moved = checked(splice(pipeFd, null, fileFd, null, maxBytes, SPLICE_F_NONBLOCK))
      return moved === -constants.errno.EAGAIN ? 0 : moved
    },
    lockFile: (fd) => flock(fd, LOCK_EXCLUSIVE_NOW) === 0,
    isLocked: (fd) => flock(fd, LOCK_EXCLUSIVE_NOW) !== 0 || flock(fd, UNLOCK) !== 0,
    unreadBytes: (pipeFd) => {
      const result = checked(ioctl(pipeFd, FIONREAD, unread))
      return result < 0 ? result : unread.readInt32LE()
    },
    setPipeBytes: (fd, bytes) => checked(fcntl(fd, F_SETPIPE_SZ, bytes)),
    setSendBuffer: (socketFd, bytes) => {
      const value = Buffer.from(Int32Array.of(bytes).buffer)
      return setsockopt(socketFd, SOL_SOCKET, SO_SNDBUF, value, value.length) === 0
    },
  }
}
