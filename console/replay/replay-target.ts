/** A receiver of replayed datagrams. */

import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import type { LineBlock } from '../capture/line-source.ts'

/** The replay cannot go on; the message says why and what to do. */
export class ReplayError extends Error {
  readonly code = 'NO_REPLAY'
}

export interface ReplayTarget {
  /** Opens the target. @throws ReplayError when it cannot be used */
  open(): Promise<void>
  /** Sends datagrams; resolves when it takes more. @throws ReplayError */
  send(datagrams: readonly CapturedDatagram[]): Promise<void>
  /** Sends whole lines; missing where the target needs datagrams. @throws ReplayError */
  sendLines?(block: LineBlock): Promise<void>
  /** Waits until all is handed over, and closes the target. */
  close(): Promise<void>
}
