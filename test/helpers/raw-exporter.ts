/** An exporter that sends the messages or the v9 sets that a test hands it, all from one port. */

import { v9MessageOf, type Wire } from './netflow-bytes.ts'
import { UdpSender } from './udp-sender.ts'

export class RawExporter extends UdpSender {
  #sequence = 0

  /** Sends one numbered v9 message of source id 7 for each list of sets. */
  async sendSets(...messages: readonly (readonly Wire[])[]): Promise<void> {
    for (const sets of messages) {
      await this.send(v9MessageOf({ sequence: this.#sequence, sourceId: 7 }, ...sets))
      this.#sequence += 1
    }
  }

  /** Sends the sets of a v9 message that was made elsewhere. */
  sendSetsOf(message: Buffer): Promise<void> {
    return this.sendSets([message.subarray(20)])
  }
}
