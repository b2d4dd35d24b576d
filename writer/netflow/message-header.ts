/** Reads the header of an export message of any supported version; it looks at nothing behind it. */

import type { RejectReason } from './outcome.ts'

/** The header of a message; reused for every message. */
export class MessageHeader {
  /** 5 or 9. */
  exportVersion = 0
  /** IPFIX: observation domain; v9: source id; v5: engine type · 256 + engine id. */
  observationDomain = 0
  sequence = 0
  /** v5: flow records; v9: records of all kinds, not to be relied on. */
  count = 0
  /** Milliseconds since the exporter's boot; NaN where the version does not say (IPFIX). */
  uptimeMs = 0
  /** Unix microseconds. */
  exportMicros = 0
  /** v5: packets that one counted packet stands for, 0 where the exporter does not say. */
  samplingRate = 0
  /** Bytes of the message. */
  length = 0

  /**
   * Reads the header of the message in the first `length` bytes.
   *
   * @returns why the datagram is no message, or undefined when it is one
   */
  read(view: DataView, length: number): RejectReason | undefined {
    this.length = length
    if (length < 2) return 'too-short'
    this.exportVersion = view.getUint16(0)
    switch (this.exportVersion) {
      case 5:
        return this.#readV5(view, length)
      case 9:
        return this.#readV9(view, length)
      case 10:
        return this.#readIpfix(view, length)
      default:
        return 'unsupported-version'
    }
  }

  /**
   *     v5 header = version16 count16 sysUptime32 unixSecs32 unixNsecs32 flowSequence32
   *                 engineType8 engineId8 samplingMode2 samplingInterval14          24 bytes
   */
  #readV5(view: DataView, length: number): RejectReason | undefined {
    if (length < V5_HEADER_BYTES) return 'too-short'
    this.count = view.getUint16(2)
    if (length < V5_HEADER_BYTES + this.count * V5_RECORD_BYTES) return 'count-exceeds-length'
    this.uptimeMs = view.getUint32(4)
    this.exportMicros = view.getUint32(8) * 1_000_000 + Math.floor(view.getUint32(12) / 1000)
    this.sequence = view.getUint32(16)
    this.observationDomain = view.getUint16(20)
    this.samplingRate = view.getUint16(22) & 0x3fff
    return undefined
  }

  /**
   *     v9 header = version16 count16 sysUptime32 unixSecs32 sequence32 sourceId32      20 bytes
   *                                                                 (RFC 3954 section 5.1)
   */
  #readV9(view: DataView, length: number): RejectReason | undefined {
    if (length < V9_HEADER_BYTES) return 'too-short'
    this.count = view.getUint16(2)
    this.uptimeMs = view.getUint32(4)
    this.exportMicros = view.getUint32(8) * 1_000_000
    this.sequence = view.getUint32(12)
    this.observationDomain = view.getUint32(16)
    this.samplingRate = 0
    return undefined
  }

  /**
   *     IPFIX header = version16 length16 exportTime32 sequence32 observationDomain32    16 bytes
   *                                                                   (RFC 7011 section 3.1)
   *
   * Bytes behind the header's length are not part of the message.
   */
  #readIpfix(view: DataView, length: number): RejectReason | undefined {
    if (length < IPFIX_HEADER_BYTES) return 'too-short'
    const messageLength = view.getUint16(2)
    if (messageLength < IPFIX_HEADER_BYTES || messageLength > length) return 'malformed-message'
    this.length = messageLength
    this.count = 0
    this.uptimeMs = Number.NaN
    this.exportMicros = view.getUint32(4) * 1_000_000
    this.sequence = view.getUint32(8)
    this.observationDomain = view.getUint32(12)
    this.samplingRate = 0
    return undefined
  }
}

export const V5_HEADER_BYTES = 24
export const V5_RECORD_BYTES = 48
export const V9_HEADER_BYTES = 20
export const IPFIX_HEADER_BYTES = 16
