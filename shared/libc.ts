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
  /**
   * Takes the datagrams that a socket holds, up to `count`, and does not wait (recvmmsg(2)).
   *
   * @param headers as many `struct mmsghdr`, with addresses of memory that stays
   * @returns the datagrams taken, 0 when there are none, or an error number below 0
   */
  receiveMessages(socketFd: number, headers: Buffer, count: number): number
  /** Writes the address of `family` that `bytes` begins with as text (inet_ntop(3)). */
  addressText(family: number, bytes: Buffer): string
  /** Where the bytes of a buffer lie, for as long as the buffer is kept. */
  memoryAddress(buffer: Buffer): bigint
  /** Sets how much a pipe holds and gives what it holds now, or an error number below 0 (fcntl(2)). */
  setPipeBytes(fd: number, bytes: number): number
}

const SPLICE_F_NONBLOCK = 2
const LOCK_EXCLUSIVE_NOW = 2 | 4
const F_SETPIPE_SZ = 1031
const MSG_DONTWAIT = 0x40
/** The longest text of an address, INET6_ADDRSTRLEN. */
const ADDRESS_TEXT_BYTES = 46

type Call = (...values: readonly (number | Buffer | null)[]) => number

/** Loads the calls; undefined where there are none. */
export function loadLibc(): Libc | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    const splice = library.func(
      'intptr_t splice(int in, void *inAt, int out, void *outAt, size_t length, unsigned int flags)',
    ) as Call
    const flock = library.func('int flock(int fd, int operation)') as Call
    const fcntl = library.func('int fcntl(int fd, int command, int value)') as Call
    const recvmmsg = library.func(
      'int recvmmsg(int fd, void *headers, unsigned int count, int flags, void *timeout)',
    ) as Call
    const inetNtop = library.func(
      'const char *inet_ntop(int family, void *bytes, void *text, unsigned int size)',
    ) as (family: number, bytes: Buffer, text: Buffer, size: number) => string | null
    const text = Buffer.alloc(ADDRESS_TEXT_BYTES)
    const checked = (result: number) => (result < 0 ? -koffi.errno() : result)
    return {
      movePipeToFile: (pipeFd, fileFd, maxBytes) => {
        const moved = checked(splice(pipeFd, null, fileFd, null, maxBytes, SPLICE_F_NONBLOCK))
        return moved === -constants.errno.EAGAIN ? 0 : moved
      },
      lockFile: (fd) => flock(fd, LOCK_EXCLUSIVE_NOW) === 0,
      receiveMessages: (socketFd, headers, count) => {
        const taken = checked(recvmmsg(socketFd, headers, count, MSG_DONTWAIT, null))
        return taken === -constants.errno.EAGAIN ? 0 : taken
      },
      addressText: (family, bytes) => inetNtop(family, bytes, text, ADDRESS_TEXT_BYTES) ?? '',
      memoryAddress: (buffer) => koffi.address(buffer),
      setPipeBytes: (fd, bytes) => checked(fcntl(fd, F_SETPIPE_SZ, bytes)),
    }
  } catch {
    // Not installed, or not for this machine: that is what undefined says.
    return undefined
  }
}
