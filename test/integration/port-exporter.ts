/** IPFIX exporters whose messages a test puts into the pipe, from any address and source port. */

import { appendFileSync } from 'node:fs'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import {
  hex32,
  hex64,
  type IpfixField,
  ipfixMessageOf,
  ipfixTemplate,
  set,
  type Wire,
  words,
} from '../helpers/netflow-bytes.ts'
import type { Pipeline } from '../helpers/pipeline.ts'

/** How an exporter describes and writes a flow of some bytes. */
export interface Layout {
  readonly fields: readonly IpfixField[]
  readonly record: (bytes: number) => readonly Wire[]
}

const ADDRESSES = 'c0000201 c6336401'
const PORTS = words(40_000, 443)

/** Fields in the order that softflowd sends them. */
export const SOFTFLOWD: Layout = {
  fields: [
    [8, 4],
    [12, 4],
    [1, 4],
    [2, 4],
    [7, 2],
    [11, 2],
    [4, 1],
  ],
  record: (bytes) => [ADDRESSES, hex32(bytes), hex32(1), PORTS, '06'],
}

/** Fields in the order that pmacct sends them. */
export const PMACCT: Layout = {
  fields: [
    [4, 1],
    [7, 2],
    [11, 2],
    [8, 4],
    [12, 4],
    [2, 8],
    [1, 8],
  ],
  record: (bytes) => ['06', PORTS, ADDRESSES, hex64(1), hex64(bytes)],
}

/** A datagram and the source port that it came from. */
export interface Sent {
  readonly port: number
  readonly payload: Buffer
}

interface MessageOptions {
  readonly records?: number
  readonly withTemplate?: boolean
  /** Sets to send before the template and the data. */
  readonly sets?: readonly Wire[]
  /** The records in these sets. */
  readonly more?: number
}

/** One process; `bytes` of its flows count from its first serial number on. */
export class PortExporter {
  layout: Layout
  /** The ports that it takes in turn. */
  ports: readonly number[]
  sequence: number
  #serial: number
  #messages = 0

  constructor(layout: Layout, port: number, { serial = 1, sequence = 0, ports = [port] } = {}) {
    this.layout = layout
    this.ports = ports
    this.sequence = sequence
    this.#serial = serial
  }

  message({ records = 3, withTemplate = false, sets = [], more = 0 }: MessageOptions = {}): Sent {
    const { fields, record } = this.layout
    const content = [...sets]
    if (withTemplate) content.push(set(2, ipfixTemplate(256, fields)))
    const flows = Array.from({ length: records }, () => record(this.#serial++)).flat()
    if (records > 0) content.push(set(256, ...flows))
    const payload = ipfixMessageOf({ sequence: this.sequence }, ...content)
    this.sequence += records + more
    const port = this.ports[this.#messages % this.ports.length] as number
    this.#messages += 1
    return { port, payload }
  }

  messages(count: number, options: MessageOptions = {}): Sent[] {
    return Array.from({ length: count }, () => this.message(options))
  }
}

/** Takes messages of several exporters in turn. */
export function interleave(...exporters: readonly (readonly Sent[])[]): Sent[] {
  const length = Math.max(...exporters.map((messages) => messages.length))
  return Array.from({ length }, (_, index) =>
    exporters.flatMap((messages) => messages.slice(index, index + 1)),
  ).flat()
}

/** Puts datagrams of an address into the pipe. */
export function feed({ pipePath }: Pipeline, address: string, sent: readonly Sent[]): void {
  const now = Date.now()
  const lines = sent.map(({ payload, port }) => encodeDatagramLine(payload, now, address, port))
  appendFileSync(pipePath, lines.join(''))
}
