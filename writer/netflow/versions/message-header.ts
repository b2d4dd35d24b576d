/** Reads the header of an export message of any supported version. */

import type { RejectReason } from '../decode-result.ts'
import { FIXED_LAYOUTS, type FixedLayout } from './v1-to-v7.ts'
import { findV8Layout, V8_HEADER } from './v8.ts'

/** The version of a datagram that is too short to have one. */
export const NO_VERSION = -1

/** The header of a message; reused for every message. */
export class MessageHeader {
  /** 1, 5, 6, 7, 8, 9 or 10; after a rejected datagram any number that it had, or `NO_VERSION`. */
  exportVersion = 0
  /** IPFIX: observation domain; v9: source id; v5, v6, v8: engine type · 256 + engine id; else 0. */
  observationDomain = 0
  /** 0 in v1, which has none. */
  sequence = 0
  /** v1 to v8: flow records; v9: records of all kinds, but exporters count differently. */
  count = 0
  /** Milliseconds since the exporter's boot; NaN in IPFIX, which has no uptime. */
  uptimeMs = 0
  /** Unix microseconds. */
  exportMicros = 0
  /** v5, v6: packets that one counted packet represents; 0: unknown. */
  samplingRate = 0
  /** v5, v6: 1 deterministic, 2 random, 0 unknown. */
  samplingMode = 0
  /** v8 only: the aggregation scheme of the records, 1 to 14. */
  aggregationScheme = 0
  aggregationVersion = 0
  /** v1 to v8 only: the layout of header and records. */
  layout: FixedLayout | undefined
  /** Bytes of the message. */
  length = 0
  /** Bytes of the datagram; more than `length` if something follows the message. */
  datagramLength = 0

  /** Whether the message has room for one small record at most. */
  get isShort(): boolean {
    return this.length < SHORT_BYTES
  }

  /**
   * Reads the header of the message in the first `length` bytes.
   *
   * @returns why the datagram is not a message, or undefined when it is one
   */
  read(view: DataView, length: number): RejectReason | undefined {
    this.length = length
    this.datagramLength = length
    if (length < 2) {
      this.exportVersion = NO_VERSION
      return 'too-short'
    }
    this.exportVersion = view.getUint16(0)
    switch (this.exportVersion) {
      case 8:
        return this.#readV8(view, length)
      case 9:
        return this.#readV9(view, length)
      case 10:
        return this.#readIpfix(view, length)
      default: {
        const layout = FIXED_LAYOUTS.get(this.exportVersion)
        return layout ? this.#readFixed(view, length, layout) : 'unsupported-version'
      }
    }
  }

  /**
   *     v1 header    = start                                                         16 bytes
   *     v5/v6 header = start flowSequence32 engineType8 engineId8 samplingMode2 samplingInterval14
   *     v7 header    = start flowSequence32 reserved32                               24 bytes
   *     start        = version16 count16 sysUptime32 unixSecs32 unixNsecs32
   */
  #readFixed(view: DataView, length: number, layout: FixedLayout): RejectReason | undefined {
    const { header, recordBytes } = layout
    if (length < header.bytes) return 'too-short'
    this.count = view.getUint16(2)
    const messageLength = header.bytes + this.count * recordBytes
    if (length < messageLength) return 'count-exceeds-length'
    this.length = messageLength
    this.layout = layout
    this.uptimeMs = view.getUint32(4)
    this.exportMicros = view.getUint32(8) * 1_000_000 + Math.floor(view.getUint32(12) / 1000)
    this.sequence = header.hasSequence ? view.getUint32(16) : 0
    this.observationDomain = header.hasEngine ? view.getUint16(20) : 0
    const sampling = header.hasSampling ? view.getUint16(22) : 0
    this.samplingMode = sampling >>> 14
    this.samplingRate = sampling & 0x3fff
    return undefined
  }

  /**
   *     v8 header = start flowSequence32 engineType8 engineId8 aggregationScheme8
   *                 aggregationVersion8 reserved32                                     28 bytes
   */
  #readV8(view: DataView, length: number): RejectReason | undefined {
    if (length < V8_HEADER.bytes) return 'too-short'
    this.aggregationScheme = view.getUint8(22)
    this.aggregationVersion = view.getUint8(23)
    const layout = findV8Layout(this.aggregationScheme)
    return layout ? this.#readFixed(view, length, layout) : 'unsupported-aggregation'
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
   * Bytes after the header's length are not part of the message: see `trailing-bytes.ts`.
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

/** A message of v5 with one record has 72 bytes, one of v9 with one flow about as many. */
const SHORT_BYTES = 64

export const V9_HEADER_BYTES = 20
export const IPFIX_HEADER_BYTES = 16
