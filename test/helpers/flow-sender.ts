/**
 * Sends numbered flows as an exporter would, at a steady rate over loopback: the `bytes` of each flow
 * is its serial number, so that a test can tell which ones arrived, and how often.
 */

import { encodeNumbered, type NumberedVersion, sequenceStep } from './numbered-messages.ts'
import { UdpSender } from './udp-sender.ts'

const TEMPLATE_EVERY = 50

export interface FlowSenderOptions {
  readonly port: number
  /** Source address; of 127.0.0.0/8. */
  readonly from?: string
  readonly exportVersion: NumberedVersion
  readonly flowsPerDatagram: number
  /** Engine id, source id or observation domain. */
  readonly domain?: number
}

/** One exporter; `sentDatagrams` and `sentFlows` count what the kernel took. */
export class FlowSender {
  readonly #options: FlowSenderOptions
  readonly #bootMs = Date.now() - 3_600_000
  #sender: UdpSender | undefined
  sentDatagrams = 0
  sentFlows = 0
  #messages = 0
  #sequence = 0

  constructor(options: FlowSenderOptions) {
    this.#options = options
  }

  /** Makes the next message and moves the sequence on. A message that is not sent counts as lost. */
  nextMessage(): Buffer {
    const { exportVersion, flowsPerDatagram: count, domain = 0 } = this.#options
    const now = Date.now()
    const header = { now, uptimeMs: now - this.#bootMs, sequence: this.#sequence, domain }
    const withTemplate = this.#messages % TEMPLATE_EVERY === 0
    const flows = { first: this.sentFlows, count, withTemplate }
    this.#messages += 1
    this.sentFlows += count
    this.#sequence += sequenceStep(exportVersion, count)
    return encodeNumbered(exportVersion, header, flows)
  }

  /** Sends `count` datagrams at `perSecond`. */
  async send(count: number, perSecond: number): Promise<void> {
    const { port, from = '127.0.0.1' } = this.#options
    this.#sender ??= new UdpSender({ port, from })
    await this.#sender.sendPaced(count, perSecond, () => {
      this.sentDatagrams += 1
      return this.nextMessage()
    })
  }

  close(): void {
    this.#sender?.close()
    this.#sender = undefined
  }
}
