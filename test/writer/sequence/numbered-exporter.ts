/** Plays an exporter that numbers its messages. It returns the messages and sends nothing. */

import {
  countUnits,
  isInclusive,
  knownUnits,
  type SequenceUnit,
} from '../../../writer/sequence/sequence-unit.ts'
import type { SequencedDatagram } from '../../../writer/sequence/sequenced-datagram.ts'

export const NOON_MS = 1_785_000_000_000

export interface NumberedExporterOptions {
  readonly version: number
  readonly sequence?: number
  /** The unit of the numbers; by default the standard's. */
  readonly unit?: SequenceUnit
  /** The time between two messages; 5 by default. */
  readonly intervalMs?: number
  /** Unix milliseconds; by default an hour before the first message. */
  readonly bootedAtMs?: number
  /** Replaces the uptime of every message. */
  readonly uptimeMs?: number
}

export interface Message {
  /** Data records, including options data records. */
  readonly data?: number
  readonly options?: number
  readonly templates?: number
  readonly undecodedSets?: number
  /** Data records in the undecoded sets. */
  readonly undecodedRecords?: number
  /** Data sets; 1 by default. */
  readonly sets?: number
}

let fingerprints = 0

export class NumberedExporter {
  sequence: number
  nowMs = NOON_MS
  bootedAtMs: number
  readonly version: number
  readonly #options: NumberedExporterOptions
  readonly #unit: SequenceUnit

  constructor(options: NumberedExporterOptions) {
    this.version = options.version
    this.sequence = options.sequence ?? 1_000
    this.bootedAtMs = options.bootedAtMs ?? NOON_MS - 3_600_000
    this.#options = options
    this.#unit = options.unit ?? knownUnits(options.version)[0]
  }

  /** Creates the next message. A message that the test does not pass on is lost. */
  send(message: Message = {}): SequencedDatagram {
    const { data = 10, options = 0, templates = 0 } = message
    const { undecodedSets = 0, undecodedRecords = 0, sets = 1 } = message
    const counts = {
      dataRecords: data,
      optionsRecords: options,
      templateRecords: templates,
      dataSets: sets,
      undecodedSets,
    }
    const units = countUnits(this.#unit, { ...counts, dataRecords: data + undecodedRecords })
    const before = this.sequence
    this.sequence = (before + units) >>> 0
    const sequence = isInclusive(this.#unit) ? this.sequence : before
    this.nowMs += this.#options.intervalMs ?? 5
    fingerprints += 1
    return {
      sequence,
      fingerprint: fingerprints,
      receivedAtMs: this.nowMs,
      wallMs: this.nowMs,
      uptimeMs: this.#uptime(),
      ...counts,
    }
  }

  /** Creates the next `count` messages. */
  sendMany(count: number, message: Message = {}): SequencedDatagram[] {
    return Array.from({ length: count }, () => this.send(message))
  }

  /** Creates `count` messages and loses them. */
  lose(count: number, message: Message = {}): void {
    this.sendMany(count, message)
  }

  /** Boots again after `downMs` and begins to number at `sequence`. */
  reboot(sequence: number, downMs = 60_000): void {
    this.nowMs += downMs
    this.bootedAtMs = this.nowMs
    this.sequence = sequence
  }

  #uptime(): number | undefined {
    if (this.version === 10) return undefined
    return this.#options.uptimeMs ?? (this.nowMs - this.bootedAtMs) >>> 0
  }
}
