/** An exporter whose datagrams a test puts into the pipe, with sequence numbers of any kind. */

import { appendFileSync } from 'node:fs'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { hex32, set, template, v9MessageOf, type Wire } from '../helpers/netflow-bytes.ts'
import type { Pipeline } from '../helpers/pipeline.ts'

/** The template of their flows. */
export const TEMPLATE = set(0, template(256, [[1, 4]]))
const HOUR_MS = 3_600_000

/** A v9 message: its number, and what else is unusual about it. */
export interface Counted {
  readonly sequence: number
  /** Records of each data set; one record in one set by default. */
  readonly sets?: readonly number[]
  readonly port?: number
  /** Replaces the uptime of the exporter. */
  readonly uptimeMs?: number
  /** Replaces the content of the message. */
  readonly content?: readonly Wire[]
  /** Milliseconds after the last message; 50 by default. */
  readonly afterMs?: number
}

export class CountingExporter {
  readonly address: string
  /** Receive time of the last message, Unix milliseconds. */
  nowMs = Date.now() - HOUR_MS
  /** A step of the clock of the host that receives the messages. */
  stepMs = 0
  readonly pipeline: Pipeline
  readonly #bootedAtMs = this.nowMs - HOUR_MS
  #hasSent = false

  constructor(pipeline: Pipeline, address: string) {
    this.pipeline = pipeline
    this.address = address
  }

  /** Puts messages into the pipe. */
  send(messages: readonly Counted[]): void {
    const lines = messages.map((message) => this.#lineOf(message))
    appendFileSync(this.pipeline.pipePath, lines.join(''))
  }

  /** Sends messages that count datagrams, from a number on. */
  sendInOrder(from: number, count: number, more: Omit<Counted, 'sequence'> = {}): void {
    this.send(Array.from({ length: count }, (_, index) => ({ ...more, sequence: from + index })))
  }

  #lineOf({ sequence, sets = [1], port = 50_000, afterMs = 50, ...more }: Counted): string {
    this.nowMs += afterMs
    const { uptimeMs = this.nowMs - this.#bootedAtMs } = more
    const records = sets.map((count) => set(256, ...Array(count).fill(hex32(1))))
    const content = more.content ?? (this.#hasSent ? records : [TEMPLATE, ...records])
    this.#hasSent = true
    const header = {
      sequence: sequence >>> 0,
      uptimeMs,
      unixSeconds: Math.floor(this.nowMs / 1000),
    }
    const bytes = v9MessageOf(header, ...content)
    return encodeDatagramLine(bytes, this.nowMs + this.stepMs, this.address, port)
  }
}
