/** A datagram from a file: a packet capture, or a recording of pipe lines. */

export interface CapturedDatagram {
  /** The UDP payload. The reader does not reuse these bytes. */
  readonly payload: Buffer
  /** Unix microseconds. */
  readonly receivedAtMicros: number
  /** Textual IPv4 or IPv6. */
  readonly address: string
  /** UDP source port. */
  readonly port: number
}
