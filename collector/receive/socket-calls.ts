/**
 * The calls of Linux's C library about sockets that Node.js does not offer. Where they cannot be
 * loaded, or lay out memory otherwise than this folder does, there are none of them.
 */

import { closeSync } from 'node:fs'
import { constants, endianness } from 'node:os'
import { openLibrary } from '../../shared/libc.ts'

/** Tells when a descriptor can be read, by Node's own loop; it works as long as this is kept. */
export interface ReadableWatch {
  start(): void
  stop(): void
  /** Ends it for good, before the descriptor is closed. */
  close(): void
}

export interface SocketCalls {
  /** Makes another descriptor of the same socket (fcntl(2)), or gives an error number below 0. */
  duplicate(socketFd: number): number
  /** Has each datagram come with the time at which the kernel took it (socket(7)); false if not. */
  enableTimestamps(socketFd: number): boolean
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
  /** Makes a watch that is not started. `onReadable` may do no more than put off what it wants. */
  watchReadable(socketFd: number, onReadable: () => void): ReadableWatch
  close(socketFd: number): void
}

const F_DUPFD_CLOEXEC = 1030
const SOL_SOCKET = 1
const SO_TIMESTAMPNS = 35
const MSG_DONTWAIT = 0x40
/** The longest text of an address, INET6_ADDRSTRLEN. */
const ADDRESS_TEXT_BYTES = 46

type Call = (...values: readonly (number | Buffer | null)[]) => number
type TextCall = (family: number, bytes: Buffer, text: Buffer, size: number) => string | null

/** Whether structures lie in memory as this folder has them: 64 bits, little-endian. */
function isLayoutKnown(): boolean {
  return (process.arch === 'x64' || process.arch === 'arm64') && endianness() === 'LE'
}

/** Loads the calls; undefined where there are none. */
export function loadSocketCalls(): SocketCalls | undefined {
  const opened = isLayoutKnown() ? openLibrary() : undefined
  if (!opened) return undefined
  const { koffi, library } = opened
  const fcntl = library.func('int fcntl(int fd, int command, int value)') as Call
  const setsockopt = library.func(
    'int setsockopt(int fd, int level, int name, void *value, unsigned int size)',
  ) as Call
  const recvmmsg = library.func(
    'int recvmmsg(int fd, void *headers, unsigned int count, int flags, void *timeout)',
  ) as Call
  const inetNtop = library.func(
    'const char *inet_ntop(int family, void *bytes, void *text, unsigned int size)',
  ) as TextCall
  const text = Buffer.alloc(ADDRESS_TEXT_BYTES)
  const on = Buffer.from(Int32Array.of(1).buffer)
  const checked = (result: number) => (result < 0 ? -koffi.errno() : result)
  return {
    duplicate: (socketFd) => checked(fcntl(socketFd, F_DUPFD_CLOEXEC, 0)),
    enableTimestamps: (socketFd) =>
      setsockopt(socketFd, SOL_SOCKET, SO_TIMESTAMPNS, on, on.length) === 0,
    receiveMessages: (socketFd, headers, count) => {
      const taken = checked(recvmmsg(socketFd, headers, count, MSG_DONTWAIT, null))
      return taken === -constants.errno.EAGAIN ? 0 : taken
    },
    addressText: (family, bytes) => inetNtop(family, bytes, text, ADDRESS_TEXT_BYTES) ?? '',
    memoryAddress: (buffer) => koffi.address(buffer),
    watchReadable: (socketFd, onReadable) => {
      const handle = koffi.node.poll(socketFd, onReadable)
      handle.stop()
      return {
        start: () => handle.start(onReadable),
        stop: () => handle.stop(),
        close: () => handle.close(),
      }
    },
    close: (socketFd) => closeSync(socketFd),
  }
}
