/**
 * The few calls of Linux's C library that Node.js does not offer. They cannot be loaded on another
 * system, or on a processor without a prebuilt package. Callers then do without, and log it.
 */

import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { type ReadableWatch, watchReadable } from './readable-watch.ts'

export interface Libc {
  /**
   * Moves up to `maxBytes` from a pipe to the end of a file, without a copy in this process
   * (splice(2)). Even when the process is killed, each byte is either in the file or in the pipe.
   *
   * @returns the bytes moved, 0 when the pipe is empty, or an error number below 0
   */
  movePipeToFile(pipeFd: number, fileFd: number, maxBytes: number): number
  /**
   * Locks a file until the process ends (flock(2)).
   *
   * @returns false when another process has the lock
   */
  lockFile(fd: number): boolean
  /** Whether another process has the lock; takes the lock for an instant to find out. */
  isLocked(fd: number): boolean
  /**
   * Locks a place in a file or a pipe for this open descriptor, until it is closed (fcntl(2), open
   * file description locks). Shared locks exclude only exclusive ones. Independent of `lockFile`.
   *
   * @returns false when another descriptor has a lock that excludes it
   */
  lockPlace(fd: number, place: number, kind: 'shared' | 'exclusive'): boolean
  unlockPlace(fd: number, place: number): void
  /** Whether another descriptor has a lock on the place; false where such locks do not exist. */
  isPlaceLocked(fd: number, place: number): boolean
  /** Counts the bytes in a pipe (ioctl(2)). @returns an error number below 0 if it cannot */
  unreadBytes(pipeFd: number): number
  /** Creates a stopped watch. `onReadable` must postpone its work to the next turn. */
  watchReadable(fd: number, onReadable: () => void): ReadableWatch
  /**
   * Sets the size of a pipe (fcntl(2)).
   *
   * @returns the size it has now, or an error number below 0
   */
  setPipeBytes(fd: number, bytes: number): number
  /** Sets the send buffer of a socket (socket(7)). @returns whether it could */
  setSendBuffer(socketFd: number, bytes: number): boolean
}

const SPLICE_F_NONBLOCK = 2
const LOCK_EXCLUSIVE_NOW = 2 | 4
const UNLOCK = 8
const F_SETPIPE_SZ = 1031
const F_OFD_GETLK = 36
const F_OFD_SETLK = 37
const PLACE_LOCK = { shared: 0, exclusive: 1, none: 2 } as const
const FIONREAD = 0x541b
const SOL_SOCKET = 1
const SO_SNDBUF = 7

type Koffi = typeof import('koffi')
type Call = (...values: readonly (number | Buffer | null)[]) => number

/** Opens this process's C library by koffi; undefined on other systems, and without koffi. */
export function openLibrary(): { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    return { koffi, library: koffi.load(null) }
  } catch {
    // Not installed, or not for this machine: undefined says so.
    return undefined
  }
}

/** Loads the calls; undefined where that is not possible. */
export function loadLibc(): Libc | undefined {
  const opened = openLibrary()
  if (!opened) return undefined
  const { koffi, library } = opened
  const splice = library.func(
    'intptr_t splice(int in, void *inAt, int out, void *outAt, size_t length, unsigned int flags)',
  ) as Call
  const flock = library.func('int flock(int fd, int operation)') as Call
  const fcntl = library.func('int fcntl(int fd, int command, int value)') as Call
  const fcntlLock = library.func('int fcntl(int fd, int command, void *lock)') as Call
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
    lockPlace: (fd, place, kind) =>
      fcntlLock(fd, F_OFD_SETLK, encodePlaceLock(PLACE_LOCK[kind], place)) === 0,
    unlockPlace: (fd, place) => {
      fcntlLock(fd, F_OFD_SETLK, encodePlaceLock(PLACE_LOCK.none, place))
    },
    isPlaceLocked: (fd, place) => {
      const lock = encodePlaceLock(PLACE_LOCK.exclusive, place)
      return fcntlLock(fd, F_OFD_GETLK, lock) === 0 && lock.readInt16LE(0) !== PLACE_LOCK.none
    },
    unreadBytes: (pipeFd) => {
      const result = checked(ioctl(pipeFd, FIONREAD, unread))
      return result < 0 ? result : unread.readInt32LE()
    },
    watchReadable: (fd, onReadable) => watchReadable(koffi, fd, onReadable),
    setPipeBytes: (fd, bytes) => checked(fcntl(fd, F_SETPIPE_SZ, bytes)),
    setSendBuffer: (socketFd, bytes) => {
      const value = Buffer.from(Int32Array.of(bytes).buffer)
      return setsockopt(socketFd, SOL_SOCKET, SO_SNDBUF, value, value.length) === 0
    },
  }
}

/**     flock = type:i16 whence:i16=0 pad:4 start:i64 length:i64=1 pid:i32=0 pad:4      (64-bit Linux) */
function encodePlaceLock(type: number, place: number): Buffer {
  const lock = Buffer.alloc(32)
  lock.writeInt16LE(type, 0)
  lock.writeBigInt64LE(BigInt(place), 8)
  lock.writeBigInt64LE(1n, 16)
  return lock
}
