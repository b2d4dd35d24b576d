/** Where a replay brings datagrams. */

import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import type { LineBlock } from '../capture/line-source.ts'

/** The replay cannot go on; the message says why and what to do. */
export class ReplayError extends Error {
  readonly code = 'NO_REPLAY'
}

export interface ReplayTarget {
  /** @throws ReplayError when it cannot be used */
  open(): Promise<void>
  /** Sends datagrams; resolves when more are welcome. @throws ReplayError */
  send(datagrams: readonly CapturedDatagram[]): Promise<void>
  /** Sends whole lines; only where `takesLines`. @throws ReplayError */
  sendLines?(block: LineBlock): Promise<void>
  /** Waits until all is handed over, and closes. */
  close(): Promise<void>
}
