/**
 * Takes one datagram after the other: whose it is, whether it is a message, what its records are and
 * where they go. It reads no lines and closes no batches.
 */

import type { RefusalOutcome } from '../load/tables/batch-changes.ts'
import type { Decoder } from '../netflow/decode.ts'
import type { FlowSink } from '../netflow/flow-record.ts'
import { fingerprintPayload } from '../sequence/fingerprint.ts'
import type { AdmissionRefusal, Exporter, ExporterRegistry } from '../streams/exporter-registry.ts'
import type { Stream } from '../streams/stream.ts'
import type { Streams } from '../streams/streams.ts'
import type { Batcher } from './batcher.ts'
import type { LineReader } from './line-reader.ts'
import type { Outcomes } from './outcomes.ts'
import type { ProblemLog } from './problem-log.ts'
import { REJECT_TEXT } from './problem-text.ts'
import type { StreamLog } from './stream-log.ts'

export interface DatagramIntakeOptions {
  readonly log: ProblemLog
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly batcher: Batcher
  /** Its buffer holds the datagram. */
  readonly decoder: Decoder
  /** Holds what the line says of the datagram. */
  readonly line: LineReader
  readonly outcomes: Outcomes
  readonly streamLog: StreamLog
}

/** Whose address is none cannot export; others are not taken by choice. */
const REFUSAL_OUTCOME: Readonly<Record<AdmissionRefusal, RefusalOutcome>> = {
  'invalid-address': 'rejected',
  'not-allowed': 'refused',
  'too-many': 'refused',
}

export class DatagramIntake {
  readonly #options: DatagramIntakeOptions
  readonly #decoder: Decoder
  readonly #line: LineReader
  readonly #outcomes: Outcomes
  readonly #streamLog: StreamLog
  readonly #store: FlowSink
  readonly #ignore: FlowSink = () => this.#outcomes.countNotStored()
  /** Exporters heard since they were taken last. */
  readonly #heard = new Set<Exporter>()

  constructor(options: DatagramIntakeOptions) {
    this.#options = options
    const { decoder, line, outcomes, streamLog, batcher } = options
    this.#decoder = decoder
    this.#line = line
    this.#outcomes = outcomes
    this.#streamLog = streamLog
    this.#store = (record, message) => batcher.current.append(record, message)
  }

  /** Gives once the exporters that were heard. */
  takeHeard(): readonly Exporter[] {
    const heard = [...this.#heard]
    this.#heard.clear()
    return heard
  }

  /** Takes the datagram of the line that was read last. */
  take(): void {
    const { address, receivedAtMicros, length } = this.#line
    this.#outcomes.beginDatagram(this.#options.registry.find(address)?.address)
    const reason = this.#decoder.readHeader(length)
    if (reason !== undefined) {
      this.#reject('rejected', reason, {
        bytes: length,
        version: this.#decoder.header.exportVersion,
      })
      return
    }
    const exporter = this.#admit(address, receivedAtMicros)
    if (exporter === undefined) return
    const stream = this.#options.streams.find(exporter, this.#decoder.header)
    if (typeof stream === 'string') {
      this.#reject('refused', stream, {})
      return
    }
    this.#takeMessage(exporter, stream)
  }

  #admit(address: string, receivedAtMicros: number): Exporter | undefined {
    const { log, registry } = this.#options
    const known = registry.size
    const exporter = registry.admit(address, receivedAtMicros)
    if (typeof exporter === 'string') {
      this.#reject(REFUSAL_OUTCOME[exporter], exporter, {})
      return undefined
    }
    this.#outcomes.attribute(exporter.address)
    this.#heard.add(exporter)
    if (registry.size > known) {
      const { exportVersion: version, observationDomain } = this.#decoder.header
      const facts = { enabled: exporter.enabled, version, observationDomain }
      log.info(performance.now(), exporter.address, 'registered a new exporter', facts)
    }
    return exporter
  }

  #takeMessage(exporter: Exporter, stream: Stream): void {
    const { streams } = this.#options
    const { header, datagram, result: outcome } = this.#decoder
    const { receivedAtMicros } = this.#line
    // The caches of a v8 router number their flows each on their own, as if they were several.
    const port = header.exportVersion === 8 ? header.aggregationScheme : this.#line.port
    const receivedAtMs = receivedAtMicros / 1000
    const fingerprint = fingerprintPayload(datagram.view, header.length)
    streams.markDirty(stream)
    stream.noteMessage(receivedAtMicros)
    if (stream.sequence.isDuplicate(header.sequence, fingerprint, port)) {
      stream.sequence.countDuplicate()
      this.#outcomes.settle('duplicate')
      return
    }
    const sink = exporter.enabled ? this.#store : this.#ignore
    stream.memory.samplers.configure(exporter.sampling, receivedAtMicros)
    this.#decoder.decode(stream.memory, receivedAtMicros, sink, port)
    stream.clockSkew.observe(receivedAtMs, header.exportMicros / 1000)
    for (const released of outcome.releases) stream.sequence.release(released)
    const sequenced = stream.sequence.observe(
      {
        sequence: header.sequence,
        dataRecords: outcome.dataRecords,
        optionsRecords: outcome.optionsRecords - outcome.releasedOptions,
        templateRecords: outcome.templateRecords,
        undecodedSets: outcome.waitingSets + outcome.uncountedSets,
        receivedAtMs,
        uptimeMs: Number.isNaN(header.uptimeMs) ? undefined : header.uptimeMs,
        fingerprint,
      },
      port,
    )
    if (sequenced === 'restart') {
      stream.memory.unconfirm(receivedAtMicros)
      this.#streamLog.logRestart(stream)
    }
    this.#streamLog.countMessage(exporter, stream)
    this.#streamLog.declareGaps(stream, receivedAtMs)
    this.#streamLog.logNotices(stream)
  }

  #reject(outcome: RefusalOutcome, reason: string, facts: Readonly<Record<string, unknown>>): void {
    this.#outcomes.reject(outcome, reason)
    const text = REJECT_TEXT[reason] ?? `rejected a datagram: ${reason}`
    this.#options.log.warn(performance.now(), this.#line.address, text, facts)
  }
}
