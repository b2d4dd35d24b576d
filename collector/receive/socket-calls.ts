/**
 * The calls of Linux's C library on sockets that Node.js does not offer. They are missing where the
 * library cannot be loaded, or where its structures have another layout than the one in this
 * folder.
 */

import { closeSync } from 'node:fs'
import { constants, endianness } from 'node:os'
import { openLibrary } from '../../shared/libc.ts'
import { type ReadableWatch, watchReadable } from '../../shared/readable-watch.ts'

export interface SocketCalls {
  /**
   * Opens another descriptor of the same socket (fcntl(2)).
   *
   * @returns it, or an error number below 0
   */
  duplicate(socketFd: number): number
  /**
   * Opens a UDP socket on `port` of every address, IPv6 and IPv4 (ipv6(7)). Node leaves it to the
   * system (`net.ipv6.bindv6only`) whether such a socket receives IPv4.
   *
   * @returns its descriptor, or an error number below 0
   */
  openDualStack(port: number): number
  /**
   * Sets the receive buffer of a socket beyond the system's limit, which needs CAP_NET_ADMIN
   * (socket(7)). @returns whether it could
   */
  forceReceiveBuffer(socketFd: number, bytes: number): boolean
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
const SO_RCVBUFFORCE = 33
const AF_INET6 = 10
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
/** sockaddr_in6: family 2, port 2 (network order), flow 4, address 16, scope 4. */
const IPV6_NAME_BYTES = 28
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
    openDualStack: loadDualStack(opened, setsockopt),
    forceReceiveBuffer: (socketFd, bytes) => {
      const value = Buffer.from(Int32Array.of(bytes).buffer)
      return setsockopt(socketFd, SOL_SOCKET, SO_RCVBUFFORCE, value, value.length) === 0
    },
    duplicate: (socketFd) => checked(fcntl(socketFd, F_DUPFD_CLOEXEC, 0)),
    enableTimestamps: (socketFd) =>
      setsockopt(socketFd, SOL_SOCKET, SO_TIMESTAMPNS, on, on.length) === 0,
    receiveMessages: (socketFd, headers, count) => {
      const taken = checked(recvmmsg(socketFd, headers, count, MSG_DONTWAIT, null))
      return taken === -constants.errno.EAGAIN ? 0 : taken
    },
    addressText: (family, bytes) => inetNtop(family, bytes, text, ADDRESS_TEXT_BYTES) ?? '',
    memoryAddress: (buffer) => koffi.address(buffer),
    watchReadable: (socketFd, onReadable) => watchReadable(koffi, socketFd, onReadable),
    close: (socketFd) => closeSync(socketFd),
  }
}

function loadDualStack(
  { koffi, library }: NonNullable<ReturnType<typeof openLibrary>>,
  setsockopt: Call,
): (port: number) => number {
  const socket = library.func('int socket(int family, int type, int protocol)') as Call
  const bind = library.func('int bind(int fd, void *name, unsigned int size)') as Call
  const off = Buffer.from(Int32Array.of(0).buffer)
  return (port) => {
    const fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if (fd < 0) return -koffi.errno()
    const name = Buffer.alloc(IPV6_NAME_BYTES)
    name.writeUInt16LE(AF_INET6)
    name.writeUInt16BE(port, 2)
    const isBound =
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, off, off.length) === 0 &&
      bind(fd, name, name.length) === 0
    if (isBound) return fd
    const error = -koffi.errno()
    closeSync(fd)
    return error
  }
}
