/** Reads pcap, the classic format of packet captures, with microseconds or nanoseconds. */

import { BlockStream } from './block-stream.ts'
import { cutAt, damagedAt, MAX_PACKET_BYTES, type PacketReader, type PacketSink } from './packet.ts'

const HEADER_BYTES = 24
const PACKET_HEADER_BYTES = 16

/** By the first four bytes: the byte order of the numbers, and the unit of times. */
const MAGICS: ReadonlyMap<number, { readonly isLittle: boolean; readonly unitsPerMicro: number }> =
  new Map([
    [0xa1b2c3d4, { isLittle: false, unitsPerMicro: 1 }],
    [0xd4c3b2a1, { isLittle: true, unitsPerMicro: 1 }],
    [0xa1b23c4d, { isLittle: false, unitsPerMicro: 1000 }],
    [0x4d3cb2a1, { isLittle: true, unitsPerMicro: 1000 }],
  ])

/** Whether a file that begins with these bytes is a pcap capture. */
export function isPcap(head: Buffer): boolean {
  return head.length >= 4 && MAGICS.has(head.readUInt32BE(0))
}

/**
 *     file   = magic:u32 major:u16 minor:u16 zone:u32 accuracy:u32 snap:u32 linkType:u32 packet*
 *     packet = seconds:u32 fraction:u32 captured:u32 length:u32 frame
 */
export class PcapReader implements PacketReader {
  readonly #sink: PacketSink
  readonly #blocks = new BlockStream((bytes, at) => this.#read(bytes, at))
  #linkType: number | undefined
  #isLittle = false
  #unitsPerMicro = 1

  constructor(sink: PacketSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    this.#blocks.push(chunk)
  }

  end(): void {
    const { position, restBytes } = this.#blocks
    if (restBytes > 0 || this.#linkType === undefined) throw cutAt(position, restBytes)
  }

  #read(bytes: Buffer, at: number): number {
    return this.#linkType === undefined
      ? this.#readHeader(bytes, at)
      : this.#readPacket(bytes, at, this.#linkType)
  }

  #readHeader(bytes: Buffer, at: number): number {
    if (at + HEADER_BYTES > bytes.length) return 0
    const magic = MAGICS.get(bytes.readUInt32BE(at))
    if (magic === undefined) throw damagedAt(0, 'no capture begins like this')
    this.#isLittle = magic.isLittle
    this.#unitsPerMicro = magic.unitsPerMicro
    // The upper half tells only about check sequences at the end of frames.
    this.#linkType = this.#uint32(bytes, at + 20) & 0xffff
    return HEADER_BYTES
  }

  #readPacket(bytes: Buffer, at: number, linkType: number): number {
    const frameAt = at + PACKET_HEADER_BYTES
    if (frameAt > bytes.length) return 0
    const captured = this.#uint32(bytes, at + 8)
    if (captured > MAX_PACKET_BYTES) {
      throw damagedAt(this.#blocks.position, `a packet of ${captured} bytes`)
    }
    if (frameAt + captured > bytes.length) return 0
    const seconds = this.#uint32(bytes, at)
    const fraction = Math.floor(this.#uint32(bytes, at + 4) / this.#unitsPerMicro)
    this.#sink({
      frame: bytes.subarray(frameAt, frameAt + captured),
      wireBytes: this.#uint32(bytes, at + 12),
      micros: seconds * 1_000_000 + fraction,
      linkType,
    })
    return PACKET_HEADER_BYTES + captured
  }

  #uint32(bytes: Buffer, at: number): number {
    return this.#isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  }
}
