/**
 * Writes down what came of each message: into its stream's counters, the batch, the metrics and the
 * log. It decodes nothing and changes no flow.
 */

import type { HeldCount } from '../load/tables/resume-point.ts'
import type { WriterMetrics } from '../metrics.ts'
import type { Decoder } from '../netflow/decode.ts'
import type { Exporter } from '../streams/exporter-registry.ts'
import type { HeldDatagrams } from '../streams/held-datagrams.ts'
import type { Stream } from '../streams/stream.ts'
import type { Streams } from '../streams/streams.ts'
import type { Batcher } from './batcher.ts'
import type { Outcomes } from './outcomes.ts'
import type { ProblemLog } from './problem-log.ts'
import { NOTICE_TEXT, PROBLEM_TEXT } from './problem-text.ts'

/** Why datagrams and flows of a disabled exporter are not stored. */
const DISABLED = 'exporter-disabled'

export interface StreamLogOptions {
  readonly log: ProblemLog
  readonly outcomes: Outcomes
  readonly heldDatagrams: HeldDatagrams
  readonly metrics: WriterMetrics
  readonly streams: Streams
  readonly batcher: Batcher
  readonly decoder: Decoder
}

export class StreamLog {
  readonly #options: StreamLogOptions
  readonly #log: ProblemLog

  constructor(options: StreamLogOptions) {
    this.#options = options
    this.#log = options.log
  }

  /** Counts what came of the message that was decoded last, and reports what was wrong with it. */
  countMessage(exporter: Exporter, stream: Stream): void {
    const { metrics, batcher } = this.#options
    const { result: outcome } = this.#options.decoder
    const { change, key } = stream
    change.datagrams += 1
    change.optionsRecords += outcome.optionsRecords
    change.heldSets += outcome.heldSets
    change.releasedSets += outcome.releasedSets
    change.malformedSets += outcome.malformedSets
    change.implausibleTimes += outcome.implausibleTimes
    this.#settle(exporter)
    if (outcome.heldSets > 0) metrics.heldSets.count('held', outcome.heldSets)
    if (outcome.releasedSets > 0) metrics.heldSets.count('released', outcome.releasedSets)
    if (exporter.enabled) {
      change.flowRecords += outcome.flowRecords
      change.flowsWithoutRate += outcome.flowsWithoutRate
    } else if (outcome.flowRecords > 0) this.#tellNotStored(exporter)
    this.#options.outcomes.countRecords(outcome.flowRecords, key.exportVersion)
    const remembered = outcome.templateRecords + outcome.optionsRecords
    if (remembered > 0) batcher.noteChanges(remembered, this.#options.decoder.header.length)
    this.#reportProblems(stream)
    this.#reportRedefinitions(stream)
    this.countExpiredSets()
  }

  /** Says what has come of the message, and of earlier ones whose template it has brought. */
  #settle(exporter: Exporter): void {
    const { outcomes, heldDatagrams, decoder } = this.#options
    const { result: outcome, message } = decoder
    for (const released of outcome.releasedMessages) {
      if (!heldDatagrams.release(released)) continue
      if (exporter.enabled) outcomes.settleHeld(exporter.address, 'decoded')
      else outcomes.refuseHeld(exporter.address, DISABLED)
    }
    if (outcome.isUseless) {
      outcomes.reject('rejected', outcome.isDiscarded ? 'malformed-message' : 'no-usable-set')
    } else if (outcome.waitingSets > 0 && message) {
      outcomes.hold()
      const held = { exporter: exporter.address, number: outcomes.datagramNumber }
      heldDatagrams.hold(message, held, outcome.waitingSets)
    } else if (exporter.enabled) outcomes.settle('decoded')
    else outcomes.reject('refused', DISABLED)
  }

  #reportProblems({ key }: Stream): void {
    const { metrics } = this.#options
    for (const { code, templateId, detail } of this.#options.decoder.result.problems) {
      metrics.problems.count(code)
      const facts = {
        version: key.exportVersion,
        observationDomain: key.observationDomain,
        templateId,
        detail,
      }
      this.#log.warn(performance.now(), key.exporter, PROBLEM_TEXT[code] ?? code, facts)
    }
  }

  #reportRedefinitions({ key }: Stream): void {
    const { exporter, exportVersion: version, observationDomain } = key
    for (const redefinition of this.#options.decoder.result.redefinitions) {
      const text = 'the exporter has redefined a template; the new definition is in force'
      const facts = { version, observationDomain, ...redefinition }
      this.#log.info(performance.now(), exporter, text, facts)
    }
  }

  #tellNotStored(exporter: Exporter): void {
    this.#log.warn(
      performance.now(),
      exporter.address,
      'flows are not stored: the exporter is disabled (update exporters set enabled = true where address = …)',
      {},
    )
  }

  /** Counts the held sets that were given up. */
  countExpiredSets(): void {
    const { batcher, decoder, heldDatagrams, metrics, streams, outcomes } = this.#options
    if (decoder.expiredSets.length === 0) return
    const expired = decoder.expiredSets.splice(0)
    for (const { stream, message } of expired) {
      metrics.heldSets.count('expired')
      if (heldDatagrams.expire(message)) outcomes.settleHeld(stream.exporter, 'expired')
      const state = streams.of(stream)
      if (!state) continue
      state.change.expiredSets += 1
      streams.markDirty(state)
      const text = 'gave up a data set whose template did not come'
      this.#log.warn(performance.now(), stream.exporter, text, {
        version: stream.exportVersion,
        observationDomain: stream.observationDomain,
      })
    }
    batcher.touch()
  }

  /** Settles what was counted as held by an earlier start and is gone, e.g. with its exporter. */
  settleLostHeld(counted: readonly HeldCount[]): void {
    const { batcher, heldDatagrams, outcomes } = this.#options
    const stillHeld = heldDatagrams.countByExporter()
    for (const { exporter, datagrams } of counted) {
      const lost = datagrams - (stillHeld.get(exporter) ?? 0)
      for (let index = 0; index < lost; index++) outcomes.settleHeld(exporter, 'expired')
      if (lost > 0) batcher.touch()
    }
  }

  /** Declares the holes that have left the reorder window at `nowMs`, a time of the stream. */
  declareGaps(stream: Stream, nowMs: number): void {
    const { batcher, metrics, streams } = this.#options
    for (const gap of stream.sequence.expire(nowMs)) {
      const { exporter, exportVersion, observationDomain } = stream.key
      const { expected, received, lost, unit } = gap
      metrics.lost.count(unit, lost)
      batcher.current.changes.gaps.push({
        detectedAtMicros: Math.round(gap.detectedAtMs * 1000),
        exporter,
        exportVersion,
        observationDomain,
        expected,
        received,
        lost,
        unit,
      })
      streams.markDirty(stream)
      batcher.touch()
      const facts = { version: exportVersion, observationDomain, expected, received, lost, unit }
      this.#log.warn(performance.now(), exporter, 'sequence gap: lost in the network', facts)
    }
  }

  /** Logs that an exporter has started anew. */
  logRestart({ key }: Stream): void {
    const { exporter, exportVersion, observationDomain } = key
    const facts = { version: exportVersion, observationDomain }
    const text = 'the exporter has started anew; no loss is counted'
    this.#log.info(performance.now(), exporter, text, facts)
  }

  /** Logs what was found out about a stream's sequence, once. */
  logNotices(stream: Stream): void {
    const { exporter, exportVersion, observationDomain } = stream.key
    let notice = stream.sequence.takeNotice()
    while (notice !== undefined) {
      const { kind, ...facts } = notice
      this.#log.info(performance.now(), exporter, NOTICE_TEXT[kind], {
        version: exportVersion,
        observationDomain,
        ...facts,
      })
      notice = stream.sequence.takeNotice()
    }
  }
}
