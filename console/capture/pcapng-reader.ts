/** Reads packet captures in the format pcapng: several sections, interfaces and time units. */

import { BlockStream } from './block-stream.ts'
import { cutAt, damagedAt, MAX_PACKET_BYTES, type PacketReader, type PacketSink } from './packet.ts'

const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  oldPacket: 2,
  simplePacket: 3,
  packet: 6,
} as const
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const MIN_BLOCK_BYTES = 12
/** Blocks with names or keys may be longer than those with packets. */
const MAX_BLOCK_BYTES = 16 * MAX_PACKET_BYTES
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const
const MICROS = 1_000_000n

interface CaptureInterface {
  readonly linkType: number
  /** The most bytes captured of a packet; 0: no limit. */
  readonly snapBytes: number
  readonly unitsPerSecond: bigint
  readonly offsetSeconds: bigint
}

/** Whether a file that begins with these bytes is a pcapng capture. */
export function isPcapng(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === BLOCK.section
}

/**
 *     file             = block*
 *     block            = type:u32 length:u32 body padding length:u32     length of the whole block
 *     section body     = magic:u32=0x1a2b3c4d major:u16 minor:u16 sectionLength:u64 option*
 *     interface body   = linkType:u16 reserved:u16 snap:u32 option*
 *     packet body      = interface:u32 timeHigh:u32 timeLow:u32 captured:u32 length:u32 frame option*
 *     old packet body  = interface:u16 drops:u16, then as a packet
 *     simple body      = length:u32 frame                                without a time
 *     option           = code:u16 length:u16 value padding
 */
export class PcapngReader implements PacketReader {
  readonly #sink: PacketSink
  readonly #blocks = new BlockStream((bytes, at) => this.#readBlock(bytes, at))
  readonly #interfaces: CaptureInterface[] = []
  #isLittle = false
  #micros: number | undefined
  #untimedPackets = 0

  constructor(sink: PacketSink) {
    this.#sink = sink
  }

  /** Packets that are left out, as neither they nor an earlier packet had a time. */
  get untimedPackets(): number {
    return this.#untimedPackets
  }

  push(chunk: Buffer): void {
    this.#blocks.push(chunk)
  }

  end(): void {
    const { position, restBytes } = this.#blocks
    if (restBytes > 0) throw cutAt(position, restBytes)
  }

  #readBlock(bytes: Buffer, at: number): number {
    if (at + MIN_BLOCK_BYTES > bytes.length) return 0
    const type = this.#readType(bytes, at)
    const length = this.#uint32(bytes, at + 4)
    if (length < MIN_BLOCK_BYTES || length > MAX_BLOCK_BYTES || length % 4 !== 0) {
      throw damagedAt(this.#blocks.position, `a block of ${length} bytes`)
    }
    const end = at + length
    if (end > bytes.length) return 0
    if (this.#uint32(bytes, end - 4) !== length) {
      throw damagedAt(this.#blocks.position, 'the two lengths of a block differ')
    }
    this.#readBody(type, bytes.subarray(at + 8, end - 4))
    return length
  }

  /** Reads the type. A section's first block sets the byte order of the numbers after it. */
  #readType(bytes: Buffer, at: number): number {
    if (bytes.readUInt32BE(at) !== BLOCK.section) return this.#uint32(bytes, at)
    this.#isLittle = bytes.readUInt32LE(at + 8) === BYTE_ORDER_MAGIC
    if (!this.#isLittle && bytes.readUInt32BE(at + 8) !== BYTE_ORDER_MAGIC) {
      throw damagedAt(this.#blocks.position, 'a section without its byte order')
    }
    return BLOCK.section
  }

  #readBody(type: number, body: Buffer): void {
    switch (type) {
      case BLOCK.section:
        this.#interfaces.length = 0
        break
      case BLOCK.interface:
        this.#interfaces.push(this.#readInterface(body))
        break
      case BLOCK.packet:
        this.#readPacket(body, body.length < 20 ? 0 : this.#uint32(body, 0))
        break
      case BLOCK.oldPacket:
        this.#readPacket(body, body.length < 20 ? 0 : this.#uint16(body, 0))
        break
      case BLOCK.simplePacket:
        this.#readSimplePacket(body)
        break
      default: // Blocks with names, statistics or vendors' data hold no packets.
    }
  }

  #readInterface(body: Buffer): CaptureInterface {
    if (body.length < 8) throw damagedAt(this.#blocks.position, 'an interface without a link type')
    let unitsPerSecond = MICROS
    let offsetSeconds = 0n
    let at = 8
    while (at + 4 <= body.length) {
      const code = this.#uint16(body, at)
      const length = this.#uint16(body, at + 2)
      const value = body.subarray(at + 4, at + 4 + length)
      if (code === OPTION.end) break
      if (code === OPTION.timeResolution && value.length === 1) {
        unitsPerSecond = readResolution(value.readUInt8(0))
      }
      if (code === OPTION.timeOffset && value.length === 8) {
        offsetSeconds = this.#isLittle ? value.readBigInt64LE(0) : value.readBigInt64BE(0)
      }
      at += 4 + Math.ceil(length / 4) * 4
    }
    const linkType = this.#uint16(body, 0)
    return { linkType, snapBytes: this.#uint32(body, 4), unitsPerSecond, offsetSeconds }
  }

  #readPacket(body: Buffer, index: number): void {
    const source = this.#interfaces[index]
    if (source === undefined || body.length < 20) {
      throw damagedAt(this.#blocks.position, `a packet of interface ${index}, which is not there`)
    }
    const captured = this.#uint32(body, 12)
    if (20 + captured > body.length) {
      throw damagedAt(this.#blocks.position, 'a packet longer than its block')
    }
    const units = BigInt(this.#uint32(body, 4)) * 0x1_0000_0000n + BigInt(this.#uint32(body, 8))
    const micros = (units * MICROS) / source.unitsPerSecond + source.offsetSeconds * MICROS
    this.#micros = Number(micros)
    const frame = body.subarray(20, 20 + captured)
    const { linkType } = source
    this.#sink({ frame, wireBytes: this.#uint32(body, 16), micros: this.#micros, linkType })
  }

  #readSimplePacket(body: Buffer): void {
    const source = this.#interfaces[0]
    if (source === undefined || body.length < 4) {
      throw damagedAt(this.#blocks.position, 'a packet of interface 0, which is not there')
    }
    if (this.#micros === undefined) {
      this.#untimedPackets += 1
      return
    }
    const wireBytes = this.#uint32(body, 0)
    const captured = Math.min(wireBytes, source.snapBytes || wireBytes, body.length - 4)
    const frame = body.subarray(4, 4 + captured)
    this.#sink({ frame, wireBytes, micros: this.#micros, linkType: source.linkType })
  }

  #uint16(bytes: Buffer, at: number): number {
    return this.#isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
  }

  #uint32(bytes: Buffer, at: number): number {
    return this.#isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  }
}

/** Returns the units of a second: a power of ten, or of two when the highest bit is set. */
function readResolution(value: number): bigint {
  return value < 0x80 ? 10n ** BigInt(value) : 2n ** BigInt(value & 0x7f)
}
