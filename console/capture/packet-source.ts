/** Reads the NetFlow datagrams of a packet capture. */

import { isNetflowMessage } from '../message/netflow-message.ts'
import type { CapturedDatagram } from './captured-datagram.ts'
import type { PacketReader, PacketSink } from './packet.ts'
import { PcapReader } from './pcap-reader.ts'
import { isPcapng, PcapngReader } from './pcapng-reader.ts'
import { UdpFinder } from './udp-finder.ts'

/** A message names this many ports. */
const MAX_NAMED_PORTS = 5

export interface PacketCounts {
  readonly packets: number
  /** Datagrams of other protocols, or to other ports. */
  readonly otherDatagrams: number
  readonly otherPackets: number
  readonly cutPackets: number
  readonly incompletePackets: number
  readonly untimedPackets: number
}

export class PacketSource {
  readonly #ports: ReadonlySet<number>
  readonly #finder: UdpFinder
  readonly #otherPorts = new Map<number, number>()
  #batch: CapturedDatagram[] = []
  #reader: PacketReader | undefined

  /** @param ports takes all datagrams to these ports; empty: takes every NetFlow message */
  constructor(ports: ReadonlySet<number>) {
    this.#ports = ports
    this.#finder = new UdpFinder((datagram, port) => this.#take(datagram, port))
  }

  get counts(): PacketCounts {
    const { packets, otherPackets, cutPackets, incompletePackets } = this.#finder
    const otherDatagrams = [...this.#otherPorts.values()].reduce((sum, count) => sum + count, 0)
    const reader = this.#reader
    const untimedPackets = reader instanceof PcapngReader ? reader.untimedPackets : 0
    return {
      ...{ packets, otherDatagrams, otherPackets, cutPackets, incompletePackets },
      untimedPackets,
    }
  }

  /** Lists the ports that most other datagrams were sent to; empty if there are none. */
  get otherPorts(): string {
    return [...this.#otherPorts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MAX_NAMED_PORTS)
      .map(([port, count]) => `${port} (${count})`)
      .join(', ')
  }

  /**
   * Reads the datagrams of each chunk.
   *
   * @throws CaptureError where the file is cut or damaged, or of an unknown link type, after the
   *   datagrams before that place
   */
  async *read(chunks: AsyncIterable<Buffer>, head: Buffer): AsyncGenerator<CapturedDatagram[]> {
    const sink: PacketSink = (packet) => this.#finder.take(packet)
    const reader = isPcapng(head) ? new PcapngReader(sink) : new PcapReader(sink)
    this.#reader = reader
    try {
      for await (const chunk of chunks) {
        reader.push(chunk)
        if (this.#batch.length > 0) yield this.#batch
        this.#batch = []
      }
      reader.end()
    } finally {
      // After an error, the datagrams of the last chunk before the damage are left.
      if (this.#batch.length > 0) yield this.#batch
    }
  }

  #take(datagram: CapturedDatagram, port: number): void {
    const isWanted =
      this.#ports.size > 0 ? this.#ports.has(port) : isNetflowMessage(datagram.payload)
    if (isWanted) this.#batch.push(datagram)
    else this.#otherPorts.set(port, (this.#otherPorts.get(port) ?? 0) + 1)
  }
}
