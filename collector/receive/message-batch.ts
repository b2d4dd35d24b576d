/**
 * Reads many datagrams by one call of recvmmsg(2) into reused memory, each with the time at which
 * the kernel received it. It never waits.
 */

import { getSystemErrorName } from 'node:util'
import { type Datagram, encodeTime, overwriteTime } from '../../shared/pipe-line.ts'
import type { SocketCalls } from './socket-calls.ts'
import { SourceCache } from './source-cache.ts'

/** Datagrams of one call at most; a larger batch is not faster. */
export const BATCH_MESSAGES = 64
/** Above any UDP payload, as its length has 16 bits: no datagram is ever cut. */
const PAYLOAD_BYTES = 65_536
const HEADER_BYTES = 64
const NAME_LENGTH_AT = 8
const CONTROL_LENGTH_AT = 40
const LENGTH_AT = 56
const VECTOR_BYTES = 16
const CONTROL_BYTES = 32
const SECONDS_AT = 16
const NANOSECONDS_AT = 24
const NAME_BYTES = 28
const IPV4_NAME_BYTES = 16
const AF_INET = 2
/** The four bytes before the IPv4 address, read as little-endian; all bytes before them are 0. */
const MAPPED_PREFIX = 0xffff0000

const VECTORS_AT = BATCH_MESSAGES * HEADER_BYTES
const CONTROLS_AT = VECTORS_AT + BATCH_MESSAGES * VECTOR_BYTES
const NAMES_AT = CONTROLS_AT + BATCH_MESSAGES * CONTROL_BYTES
const PAYLOADS_AT = NAMES_AT + BATCH_MESSAGES * NAME_BYTES

export class MessageBatch {
  readonly #calls: SocketCalls
  /** One buffer for everything, kept as long as this object: the kernel has addresses into it. */
  readonly #memory = Buffer.alloc(PAYLOADS_AT + BATCH_MESSAGES * PAYLOAD_BYTES)
  readonly #words = new Uint32Array(this.#memory.buffer, 0, PAYLOADS_AT / 4)
  readonly #sources = new SourceCache()
  readonly #datagram: { -readonly [Key in keyof Datagram]: Datagram[Key] }

  constructor(calls: SocketCalls) {
    this.#calls = calls
    const time = encodeTime(Date.now())
    this.#datagram = { buffer: this.#memory, start: 0, end: 0, time, source: Buffer.alloc(0) }
    const address = calls.memoryAddress(this.#memory)
    for (let index = 0; index < BATCH_MESSAGES; index += 1) this.#describe(index, address)
  }

  /**
   * Reads the datagrams that the socket holds, up to one batch.
   *
   * @returns their count, 0 when the socket holds none
   * @throws the system's error
   */
  receive(socketFd: number): number {
    const count = this.#calls.receiveMessages(socketFd, this.#memory, BATCH_MESSAGES)
    if (count >= 0) return count
    const code = getSystemErrorName(count)
    throw Object.assign(new Error(`recvmmsg ${code}`), { code, errno: count, syscall: 'recvmmsg' })
  }

  /** Returns a datagram of the last batch, in an object that the next call reuses. */
  datagram(index: number): Datagram {
    const datagram = this.#datagram
    const header = index * HEADER_BYTES
    datagram.start = PAYLOADS_AT + index * PAYLOAD_BYTES
    datagram.end = datagram.start + this.#word(header + LENGTH_AT)
    datagram.source = this.#source(index, this.#word(header + NAME_LENGTH_AT))
    this.#readTime(index)
    // The kernel replaced the sizes of these two areas by the bytes that it used of them.
    this.#words[(header + NAME_LENGTH_AT) / 4] = NAME_BYTES
    this.#words[(header + CONTROL_LENGTH_AT) / 4] = CONTROL_BYTES
    return datagram
  }

  /**
   * Writes the header and the vector of a message (recvmmsg(2), recvmsg(2)):
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
    memory.writeBigUInt64LE(address + BigInt(CONTROLS_AT + index * CONTROL_BYTES), header + 32)
    memory.writeBigUInt64LE(BigInt(CONTROL_BYTES), header + CONTROL_LENGTH_AT)
    memory.writeBigUInt64LE(address + BigInt(PAYLOADS_AT + index * PAYLOAD_BYTES), vector)
    memory.writeBigUInt64LE(BigInt(PAYLOAD_BYTES), vector + 8)
  }

  #word(position: number): number {
    return this.#words[position / 4] ?? 0
  }

  /**
   * Reads the time from the only control message that was asked for (cmsg(3), SO_TIMESTAMPNS):
   *
   *     cmsg = len 8, level 4, type 4, seconds 8, nanoseconds 8
   */
  #readTime(index: number): void {
    const control = CONTROLS_AT + index * CONTROL_BYTES
    const micros = Math.floor(this.#word(control + NANOSECONDS_AT) / 1000)
    overwriteTime(this.#datagram.time, this.#word(control + SECONDS_AT), micros)
  }

  /**
   * Reads the source address of a message (ip(7), ipv6(7)); the port is big-endian:
   *
   *     sockaddr_in  = family 2, port 2, address 4, zero 8
   *     sockaddr_in6 = family 2, port 2, flowinfo 4, address 16, scope 4
   */
  #source(index: number, bytes: number): Buffer {
    const start = NAMES_AT + index * NAME_BYTES
    const key = this.#sourceKey(start, bytes)
    const known = this.#sources.find(key)
    if (known) return known
    const family = this.#memory.readUInt16LE(start)
    const addressAt = start + (family === AF_INET ? 4 : 8)
    const address = this.#memory.subarray(addressAt, start + NAME_BYTES)
    const port = this.#memory.readUInt16BE(start + 2)
    return this.#sources.add(key, this.#calls.addressText(family, address), port)
  }

  /**
   * Returns a number for IPv4, mapped or not: a map finds it in an eighth of the time of a string.
   */
  #sourceKey(start: number, bytes: number): number | string {
    const port = this.#word(start) >>> 16
    if (bytes === IPV4_NAME_BYTES) return this.#word(start + 4) * 65_536 + port
    const isMapped =
      this.#word(start + 8) === 0 &&
      this.#word(start + 12) === 0 &&
      this.#word(start + 16) === MAPPED_PREFIX
    if (isMapped) return this.#word(start + 20) * 65_536 + port
    return this.#memory.toString('latin1', start, start + bytes)
  }
}
