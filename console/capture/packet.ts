/** A packet as a capture file holds it. */

import { CaptureError } from './capture-error.ts'

export interface CapturedPacket {
  /** The captured part of the link layer's frame. */
  readonly frame: Buffer
  /** The bytes of the whole frame on the wire. */
  readonly wireBytes: number
  /** Unix microseconds. */
  readonly micros: number
  /** LINKTYPE_… of the registry at tcpdump.org. */
  readonly linkType: number
}

export type PacketSink = (packet: CapturedPacket) => void

/** More than tcpdump's largest packet. A greater length is damage. */
export const MAX_PACKET_BYTES = 1_048_576

/** Reads a capture file chunk by chunk. */
export interface PacketReader {
  /** @throws CaptureError where the file is damaged */
  push(chunk: Buffer): void
  /** @throws CaptureError when the file is cut */
  end(): void
}

export function damagedAt(position: number, detail: string): CaptureError {
  return new CaptureError(`damaged at byte ${position}: ${detail}`)
}

export function cutAt(position: number, restBytes: number): CaptureError {
  return new CaptureError(
    `cut off: the last ${restBytes} bytes, from byte ${position} on, are no whole packet`,
  )
}
