/**
 * Takes many datagrams from a socket by one call of recvmmsg(2), into memory that is used again.
 * It takes only what is there: waiting, and everything else about a socket, is Node's part.
 */

import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { Libc } from '../shared/libc.ts'
import type { Datagram } from '../shared/pipe-line.ts'
import { SourceCache } from './source-cache.ts'

/** More are not faster, and would keep the loop longer from the pipe. */
const MESSAGES = 64
/** Above any UDP payload, the length of which has 16 bits: nothing is ever cut. */
const PAYLOAD_BYTES = 65_536
const HEADER_BYTES = 64
const NAME_LENGTH_AT = 8
const LENGTH_AT = 56
const VECTOR_BYTES = 16
const NAME_BYTES = 28
const IPV4_NAME_BYTES = 16
const AF_INET = 2
/** Four of the bytes before the IPv4 address, read as little-endian; those before them are 0. */
const MAPPED_PREFIX = 0xffff0000

const VECTORS_AT = MESSAGES * HEADER_BYTES
const NAMES_AT = VECTORS_AT + MESSAGES * VECTOR_BYTES
const PAYLOADS_AT = NAMES_AT + MESSAGES * NAME_BYTES

/** Whether structures lie in memory as they are laid out here: Linux, 64 bits, little-endian. */
export function isLayoutKnown(): boolean {
  const { platform, arch } = process
  return platform === 'linux' && (arch === 'x64' || arch === 'arm64') && endianness() === 'LE'
}

export class MessageBatch {
  readonly #libc: Libc
  /** All in one, which is kept as long as this: the kernel has the addresses of its parts. */
  readonly #memory = Buffer.alloc(PAYLOADS_AT + MESSAGES * PAYLOAD_BYTES)
  readonly #words = new Uint32Array(this.#memory.buffer, 0, PAYLOADS_AT / 4)
  readonly #sources = new SourceCache()
  readonly #datagram: { -readonly [Key in keyof Datagram]: Datagram[Key] }

  constructor(libc: Libc) {
    this.#libc = libc
    const nothing = Buffer.alloc(0)
    this.#datagram = { buffer: this.#memory, start: 0, end: 0, time: nothing, source: nothing }
    const address = libc.memoryAddress(this.#memory)
    for (let index = 0; index < MESSAGES; index += 1) this.#describe(index, address)
  }

  /**
   * Takes what the socket holds, up to one batch, and gives the count; 0 when there is nothing.
   *
   * @throws the system's error.
   */
  receive(socketFd: number): number {
    const count = this.#libc.receiveMessages(socketFd, this.#memory, MESSAGES)
    if (count >= 0) return count
    const code = getSystemErrorName(count)
    throw Object.assign(new Error(`recvmmsg ${code}`), { code, errno: count, syscall: 'recvmmsg' })
  }

  /** Tells of a message of the last batch. The result is used again by the next call. */
  datagram(index: number, time: Buffer): Datagram {
    const datagram = this.#datagram
    datagram.start = PAYLOADS_AT + index * PAYLOAD_BYTES
    datagram.end = datagram.start + this.#word(index * HEADER_BYTES + LENGTH_AT)
    datagram.time = time
    datagram.source = this.#source(index)
    return datagram
  }

  /**
   * Writes a message's header and vector (recvmmsg(2), recvmsg(2)):
   *
   *     mmsghdr = name *8, namelen 4, pad 4, iov *8, iovlen 8, control *8, controllen 8, flags 4,
   *               pad 4, len 4, pad 4
   *     iovec   = base *8, len 8
   */
  #describe(index: number, address: bigint): void {
    const memory = this.#memory
    const header = index * HEADER_BYTES
    const vector = VECTORS_AT + index * VECTOR_BYTES
    memory.writeBigUInt64LE(address + BigInt(NAMES_AT + index * NAME_BYTES), header)
    memory.writeUInt32LE(NAME_BYTES, header + NAME_LENGTH_AT)
    memory.writeBigUInt64LE(address + BigInt(vector), header + 16)
    memory.writeBigUInt64LE(1n, header + 24)
    memory.writeBigUInt64LE(address + BigInt(PAYLOADS_AT + index * PAYLOAD_BYTES), vector)
    memory.writeBigUInt64LE(BigInt(PAYLOAD_BYTES), vector + 8)
  }

  #word(position: number): number {
    return this.#words[position / 4] ?? 0
  }

  /**
   * Reads a message's name (ip(7), ipv6(7)); the port is big-endian:
   *
   *     sockaddr_in  = family 2, port 2, address 4, zero 8
   *     sockaddr_in6 = family 2, port 2, flowinfo 4, address 16, scope 4
   */
  #source(index: number): Buffer {
    const start = NAMES_AT + index * NAME_BYTES
    const end = start + this.#word(index * HEADER_BYTES + NAME_LENGTH_AT)
    const key = this.#sourceKey(start, end)
    const known = this.#sources.find(key)
    if (known) return known
    const family = this.#memory.readUInt16LE(start)
    const address = this.#memory.subarray(start + (family === AF_INET ? 4 : 8), end)
    const port = this.#memory.readUInt16BE(start + 2)
    return this.#sources.add(key, this.#libc.addressText(family, address), port)
  }

  /** Gives a number for IPv4, mapped or not, as that is found in an eighth of a string's time. */
  #sourceKey(start: number, end: number): number | string {
    const port = this.#word(start) >>> 16
    if (end - start === IPV4_NAME_BYTES) return this.#word(start + 4) * 65_536 + port
    const isMapped =
      this.#word(start + 8) === 0 &&
      this.#word(start + 12) === 0 &&
      this.#word(start + 16) === MAPPED_PREFIX
    if (isMapped) return this.#word(start + 20) * 65_536 + port
    return this.#memory.toString('latin1', start, end)
  }
}
