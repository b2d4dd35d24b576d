/** Reads a file of datagrams in any format: pipe lines, pcap or pcapng, compressed or not. */

import { CaptureError } from './capture-error.ts'
import type { CapturedDatagram } from './captured-datagram.ts'
import {
  createLineCounts,
  type LineBlock,
  type LineCounts,
  readLineBlocks,
  readLineDatagrams,
} from './line-source.ts'
import { readInput } from './open-input.ts'
import { type PacketCounts, PacketSource } from './packet-source.ts'
import { isPcap } from './pcap-reader.ts'
import { isPcapng } from './pcapng-reader.ts'

type CaptureFormat = 'lines' | 'packets'

/** The first byte of a line, or white space before it. */
const LINE_BEGIN = /^[\s[{]/

interface CaptureFileOptions {
  /** A path, or `-`. */
  readonly path: string
  /** Only packets to these ports; empty: only those that are NetFlow messages. */
  readonly ports?: ReadonlySet<number>
}

/** An opened file; read it once, by `batches` or by `lineBlocks`. */
export class CaptureFile {
  readonly format: CaptureFormat
  readonly #head: Buffer
  readonly #chunks: AsyncGenerator<Buffer>
  readonly #packets: PacketSource
  readonly #lines = createLineCounts()
  #datagrams = 0

  private constructor(options: CaptureFileOptions, head: Buffer, chunks: AsyncGenerator<Buffer>) {
    this.#head = head
    this.#chunks = chunks
    this.#packets = new PacketSource(options.ports ?? new Set())
    this.format = isPcap(head) || isPcapng(head) ? 'packets' : 'lines'
  }

  /** Opens a file. @throws CaptureError for an unknown format, or the system's error */
  static async open(options: CaptureFileOptions): Promise<CaptureFile> {
    const chunks = readInput(options.path)
    const { done, value: head } = await chunks.next()
    if (done || head.length === 0) throw new CaptureError('empty: nothing is in it to replay')
    const file = new CaptureFile(options, head, chunks)
    if (file.format === 'packets' || LINE_BEGIN.test(head.toString('latin1', 0, 1))) return file
    await chunks.return(undefined)
    throw new CaptureError(
      'neither pipe lines nor a packet capture (pcap, pcapng): nothing else can be replayed',
    )
  }

  /** Datagrams read so far. */
  get datagrams(): number {
    return this.#datagrams
  }

  get packetCounts(): PacketCounts {
    return this.#packets.counts
  }

  get lineCounts(): Readonly<LineCounts> {
    return this.#lines
  }

  /**
   * Reads the datagrams, some at a time.
   *
   * @throws CaptureError at the end when the file is cut or damaged, or has no datagram
   */
  async *batches(): AsyncGenerator<readonly CapturedDatagram[]> {
    const chunks = this.#allChunks()
    const batches =
      this.format === 'packets'
        ? this.#packets.read(chunks, this.#head)
        : readLineDatagrams(chunks, this.#lines)
    for await (const batch of batches) {
      this.#datagrams += batch.length
      yield batch
    }
    this.#assertComplete()
  }

  /** Reads whole lines of a file with the format `lines`. @throws CaptureError like `batches` */
  async *lineBlocks(): AsyncGenerator<LineBlock> {
    for await (const block of readLineBlocks(this.#allChunks(), this.#lines)) {
      this.#datagrams += block.lines
      yield block
    }
    this.#assertComplete()
  }

  async *#allChunks(): AsyncGenerator<Buffer> {
    yield this.#head
    yield* this.#chunks
  }

  /** @throws CaptureError when the file has no datagram, or less than it should have */
  #assertComplete(): void {
    if (this.#datagrams === 0) throw new CaptureError(this.#describeNothing())
    if (this.#lines.isCut) throw new CaptureError('cut off: its last line has no end')
    const { cutPackets, incompletePackets } = this.packetCounts
    if (cutPackets > 0) {
      throw new CaptureError(
        `${cutPackets} packets were not captured whole, and are left out: capture with "-s 0"`,
      )
    }
    if (incompletePackets > 0) {
      throw new CaptureError(
        `${incompletePackets} fragmented packets are incomplete, and are left out: capture all ` +
          'fragments (a filter like "udp port 2055" loses them; use "host" or "ip[6:2] & 0x1fff != 0")',
      )
    }
  }

  #describeNothing(): string {
    if (this.format === 'lines') {
      const { malformed } = this.#lines
      return malformed > 0
        ? `no pipe lines in it: ${malformed} lines are none`
        : 'no datagrams in it'
    }
    const { packets, otherDatagrams, cutPackets, incompletePackets } = this.packetCounts
    const unusable = cutPackets + incompletePackets
    const others = otherDatagrams > 0 ? `; UDP to ${this.#packets.otherPorts}` : ''
    const remedy = otherDatagrams > 0 ? ': name the port by --udp-port if one of them is it' : ''
    const cut = unusable > 0 ? `; ${unusable} cut packets` : ''
    return `no NetFlow or IPFIX in its ${packets} packets${cut}${others}${remedy}`
  }
}
