/**
 * The calls of Linux's C library on sockets that Node.js does not offer. There are none where they
 * cannot be loaded, or where their structures have another layout than the one in this folder.
 */

import { closeSync } from 'node:fs'
import { constants, endianness } from 'node:os'
import { openLibrary } from '../../shared/libc.ts'

/** Watches, in Node's own loop, whether a descriptor can be read; works while it is referenced. */
export interface ReadableWatch {
  start(): void
  stop(): void
  /** Ends the watch for good; to be called before the descriptor is closed. */
  close(): void
}

export interface SocketCalls {
  /**
   * Opens another descriptor of the same socket (fcntl(2)).
   *
   * @returns it, or an error number below 0
   */
  duplicate(socketFd: number): number
  /** Lets the kernel stamp each datagram with its time (socket(7)). @returns whether it does */
  enableTimestamps(socketFd: number): boolean
  /**
   * Reads the datagrams that a socket holds, up to `count`, and does not wait (recvmmsg(2)).
   *
   * @param headers `count` structures `mmsghdr`, whose addresses stay valid
   * @returns the datagrams read, 0 when the socket holds none, or an error number below 0
   */
  receiveMessages(socketFd: number, headers: Buffer, count: number): number
  /** Returns as text the address of `family` at the start of `bytes` (inet_ntop(3)). */
  addressText(family: number, bytes: Buffer): string
  /** Returns the address of a buffer's bytes, valid while the buffer is referenced. */
  memoryAddress(buffer: Buffer): bigint
  /** Creates a stopped watch. `onReadable` must postpone its work to the next turn. */
  watchReadable(socketFd: number, onReadable: () => void): ReadableWatch
  close(socketFd: number): void
}

const F_DUPFD_CLOEXEC = 1030
const SOL_SOCKET = 1
const SO_TIMESTAMPNS = 35
const MSG_DONTWAIT = 0x40
/** INET6_ADDRSTRLEN: the longest text of an address. */
const ADDRESS_TEXT_BYTES = 46

type Call = (...values: readonly (number | Buffer | null)[]) => number
type TextCall = (family: number, bytes: Buffer, text: Buffer, size: number) => string | null

/** Whether structures have the layout of this folder: 64 bits, little-endian. */
function isLayoutKnown(): boolean {
  return (process.arch === 'x64' || process.arch === 'arm64') && endianness() === 'LE'
}

/** Loads the calls; undefined where that is not possible. */
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
