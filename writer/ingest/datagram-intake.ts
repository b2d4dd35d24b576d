/**
 * Reads one datagram after the other: finds its exporter and its stream, decodes it into the current
 * batch, and brings it to an outcome.
 */

import type { ExporterChange } from '../load/tables/exporters.ts'
import type { RefusalOutcome } from '../load/tables/outcome-counts.ts'
import type { Decoder } from '../netflow/decode.ts'
import type { FlowSink } from '../netflow/flow-record.ts'
import { NO_VERSION } from '../netflow/versions/message-header.ts'
import { REJECT_TEXT } from '../problem-text.ts'
import { fingerprintPayload } from '../sequence/recent-datagrams.ts'
import type { AdmissionRefusal, Exporter, ExporterRegistry } from '../streams/exporter-registry.ts'
import type { HeldDatagrams } from '../streams/held-datagrams.ts'
import type { Stream } from '../streams/stream.ts'
import type { Streams } from '../streams/streams.ts'
import type { Batcher } from './batcher.ts'
import type { LineReader } from './line-reader.ts'
import type { Outcomes } from './outcomes.ts'
import type { ProblemLog } from './problem-log.ts'
import type { StreamLog } from './stream-log.ts'

interface DatagramIntakeOptions {
  readonly batcher: Batcher
  /** Its buffer holds the datagram. */
  readonly decoder: Decoder
  readonly heldDatagrams: HeldDatagrams
  readonly outcomes: Outcomes
  readonly problemLog: ProblemLog
  readonly registry: ExporterRegistry
  readonly streamLog: StreamLog
  readonly streams: Streams
}

/** An invalid address is an error (`rejected`); the others are policy (`refused`). */
const REFUSAL_OUTCOME: Readonly<Record<AdmissionRefusal, RefusalOutcome>> = {
  'invalid-address': 'rejected',
  'not-allowed': 'refused',
  'too-many': 'refused',
}

/** Why datagrams and flows of a disabled exporter are not stored. */
const DISABLED = 'exporter-disabled'
/** Why sets of an exporter, or datagrams of its new streams, are skipped for now. */
const OVER_BUDGET = 'over-budget'

export class DatagramIntake {
  readonly #options: DatagramIntakeOptions
  readonly #store: FlowSink
  readonly #ignore: FlowSink
  /** Exporters heard since the last `takeHeard`. */
  readonly #heard = new Set<Exporter>()
  /** The time of the current datagram by the stream clock. */
  #nowMs = 0

  constructor(options: DatagramIntakeOptions) {
    this.#options = options
    const { batcher, outcomes } = options
    this.#store = (record, message) => batcher.current.append(record, message)
    this.#ignore = () => outcomes.countNotStored()
  }

  /** Returns the exporters heard since the last call. */
  takeHeard(): readonly ExporterChange[] {
    const heard = [...this.#heard]
    this.#heard.clear()
    return heard.map(({ address, firstSeenMicros, lastSeenMicros, enabled }) => {
      return { address, firstSeenMicros, lastSeenMicros, enabled }
    })
  }

  /**
   * Decodes the datagram that `line` has read into the decoder's buffer.
   *
   * @param nowMs the time of the stream clock
   * @returns its stream; undefined when it was rejected or refused
   */
  take(line: LineReader, nowMs: number): Stream | undefined {
    const { decoder, outcomes, registry, streams } = this.#options
    outcomes.beginDatagram(registry.find(line.address)?.address)
    const reason = decoder.readHeader(line.length)
    if (reason !== undefined) {
      const { exportVersion } = decoder.header
      const version = exportVersion === NO_VERSION ? undefined : exportVersion
      this.#reject(line, 'rejected', reason, { bytes: line.length, version })
      return undefined
    }
    const exporter = this.#admit(line)
    if (exporter === undefined) return undefined
    const { header } = decoder
    const stream = streams.find(exporter, header, line.receivedAtMicros, nowMs)
    if (stream === undefined) {
      this.#reject(line, 'refused', OVER_BUDGET, {})
      return undefined
    }
    streams.markDirty(stream)
    stream.sequence.configure(exporter.sequenceCheck)
    this.#nowMs = nowMs
    this.#takeMessage(line, exporter, stream)
    return stream
  }

  #admit(line: LineReader): Exporter | undefined {
    const { decoder, outcomes, problemLog, registry } = this.#options
    const known = registry.size
    const exporter = registry.admit(line.address, line.receivedAtMicros)
    if (typeof exporter === 'string') {
      this.#reject(line, REFUSAL_OUTCOME[exporter], exporter, {})
      return undefined
    }
    outcomes.attribute(exporter.address)
    this.#heard.add(exporter)
    if (registry.size > known) {
      const { exportVersion: version, observationDomain } = decoder.header
      const facts = { enabled: exporter.enabled, version, observationDomain }
      problemLog.info(performance.now(), exporter.address, 'registered a new exporter', facts)
    }
    return exporter
  }

  #takeMessage(line: LineReader, exporter: Exporter, stream: Stream): void {
    const { decoder, outcomes, streamLog } = this.#options
    const { header, datagram, result } = decoder
    const { receivedAtMicros } = line
    // Each aggregation cache of a v8 router numbers its own flows, like an exporter of its own.
    const port = header.exportVersion === 8 ? header.aggregationScheme : line.port
    const fingerprint = fingerprintPayload(datagram.view, header.length)
    stream.noteMessage(receivedAtMicros)
    if (stream.sequence.isDuplicate(header.sequence, fingerprint, port)) {
      stream.sequence.countDuplicate()
      outcomes.settle('duplicate')
      return
    }
    stream.memory.configureSampling(exporter.sampling, receivedAtMicros)
    decoder.decode(
      stream.memory,
      receivedAtMicros,
      exporter.enabled ? this.#store : this.#ignore,
      port,
    )
    const verdict = stream.observe(header, result, {
      receivedAtMicros,
      nowMs: this.#nowMs,
      fingerprint,
      port,
    })
    if (verdict === 'restart') {
      stream.memory.unconfirm(receivedAtMicros)
      streamLog.logRestart(stream)
    }
    if (result.isEmpty) stream.memory.spend('emptyMessages')
    stream.count(result, exporter)
    this.#settle(exporter)
    this.#noteChanges()
    outcomes.countResult(result, header.exportVersion)
    if (result.problems.length + result.redefinitions.length > 0) {
      streamLog.logResult(stream, result)
    }
    if (!exporter.enabled && result.flowRecords > 0) streamLog.logNotStored(stream)
    const { sequence } = stream
    for (let notice = sequence.takeNotice(); notice; notice = sequence.takeNotice()) {
      streamLog.logNotice(stream, notice)
    }
  }

  /** Settles this datagram, and any held datagrams whose template it carried. */
  #settle({ address, enabled }: Exporter): void {
    const { decoder, heldDatagrams, outcomes } = this.#options
    const { result, message } = decoder
    for (const released of result.releasedMessages) {
      if (!heldDatagrams.release(released)) continue
      if (enabled) outcomes.settleHeld(address, 'decoded')
      else outcomes.refuseHeld(address, DISABLED)
    }
    if (result.isUseless) {
      outcomes.reject('rejected', result.isDiscarded ? 'malformed-message' : 'no-usable-set')
    } else if (result.waitingSets > 0 && message) {
      outcomes.hold()
      const held = { exporter: address, number: outcomes.datagramNumber, heldAtMs: this.#nowMs }
      heldDatagrams.hold(message, held, result.waitingSets)
    } else if (result.refusedSets > 0) outcomes.reject('refused', OVER_BUDGET)
    else if (enabled) outcomes.settle('decoded')
    else outcomes.reject('refused', DISABLED)
  }

  #noteChanges(): void {
    const { batcher, decoder } = this.#options
    const { templateRecords, optionsRecords, refusedSets, refusedDataSets } = decoder.result
    const changes = templateRecords + optionsRecords + refusedDataSets - refusedSets
    if (changes > 0) batcher.noteChanges(changes, decoder.header.length)
  }

  #reject(
    { address }: LineReader,
    outcome: RefusalOutcome,
    reason: string,
    facts: Readonly<Record<string, unknown>>,
  ): void {
    const { outcomes, problemLog } = this.#options
    outcomes.reject(outcome, reason)
    const text = REJECT_TEXT[reason] ?? `rejected a datagram: ${reason}`
    problemLog.warn(performance.now(), address, text, facts)
  }
}
