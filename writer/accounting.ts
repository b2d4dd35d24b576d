/**
 * Writes down what came of each message: into its stream's counters, the batch, the metrics and the
 * log. It decodes nothing and changes no flow.
 */

import type { Batcher } from './batcher.ts'
import type { Exporter } from './exporters/exporter-registry.ts'
import type { Decoder } from './netflow/decode.ts'
import type { ProblemLog } from './problem-log.ts'
import { NOTICE_TEXT, PROBLEM_TEXT } from './problem-text.ts'
import type { StreamState } from './stream-state.ts'
import type { Streams } from './streams.ts'
import type { WriterMetrics } from './writer-metrics.ts'

export interface AccountingOptions {
  readonly log: ProblemLog
  readonly metrics: WriterMetrics
  readonly streams: Streams
  readonly batcher: Batcher
  readonly decoder: Decoder
}

export class Accounting {
  readonly #options: AccountingOptions
  readonly #log: ProblemLog

  constructor(options: AccountingOptions) {
    this.#options = options
    this.#log = options.log
  }

  /** Counts what came of the message that was decoded last, and reports what was wrong with it. */
  countMessage(exporter: Exporter, stream: StreamState): void {
    const { metrics, batcher } = this.#options
    const { outcome } = this.#options.decoder
    const { change, identity } = stream
    change.datagrams += 1
    change.optionsRecords += outcome.optionsRecords
    change.heldSets += outcome.heldSets
    change.releasedSets += outcome.releasedSets
    change.malformedSets += outcome.malformedSets
    change.implausibleTimes += outcome.implausibleTimes
    metrics.datagrams.inc({ outcome: outcomeWord(outcome) })
    if (outcome.heldSets > 0) metrics.heldSets.inc({ event: 'held' }, outcome.heldSets)
    if (outcome.releasedSets > 0) metrics.heldSets.inc({ event: 'released' }, outcome.releasedSets)
    if (exporter.enabled) {
      change.flowRecords += outcome.flowRecords
      change.flowsWithoutRate += outcome.flowsWithoutRate
    } else if (outcome.flowRecords > 0) this.#countNotStored(exporter, outcome.flowRecords)
    metrics.flows.inc({ version: identity.exportVersion }, outcome.flowRecords)
    const remembered = outcome.templateRecords + outcome.optionsRecords
    if (remembered > 0) batcher.noteChanges(remembered, this.#options.decoder.header.length)
    this.#reportProblems(stream)
    this.#reportRedefinitions(stream)
    this.countExpiredSets()
  }

  #reportProblems({ identity }: StreamState): void {
    const { metrics } = this.#options
    for (const { code, templateId, detail } of this.#options.decoder.outcome.problems) {
      metrics.problems.inc({ code })
      const facts = {
        version: identity.exportVersion,
        observationDomain: identity.observationDomain,
        templateId,
        detail,
      }
      this.#log.warn(performance.now(), identity.exporter, PROBLEM_TEXT[code] ?? code, facts)
    }
  }

  #reportRedefinitions({ identity }: StreamState): void {
    const { exporter, exportVersion: version, observationDomain } = identity
    for (const redefinition of this.#options.decoder.outcome.redefinitions) {
      const text = 'the exporter has redefined a template; the new definition is in force'
      const facts = { version, observationDomain, ...redefinition }
      this.#log.info(performance.now(), exporter, text, facts)
    }
  }

  #countNotStored(exporter: Exporter, flows: number): void {
    this.#options.metrics.flowsNotStored.inc({ reason: 'exporter-disabled' }, flows)
    this.#log.warn(
      performance.now(),
      exporter.address,
      'flows are not stored: the exporter is disabled (update exporters set enabled = true where address = …)',
      {},
    )
  }

  /** Counts the held sets that were given up. */
  countExpiredSets(): void {
    const { batcher, decoder, metrics, streams } = this.#options
    const expired = decoder.expiredSets.splice(0)
    if (expired.length === 0) return
    for (const { stream } of expired) {
      metrics.heldSets.inc({ event: 'expired' })
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

  /** Declares the holes that have left the reorder window at `nowMs`, a time of the stream. */
  declareGaps(stream: StreamState, nowMs: number): void {
    const { batcher, metrics, streams } = this.#options
    for (const gap of stream.sequence.expire(nowMs)) {
      const { exporter, exportVersion, observationDomain } = stream.identity
      const { expected, received, lost, unit } = gap
      metrics.lost.inc({ unit }, lost)
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
  logRestart({ identity }: StreamState): void {
    const { exporter, exportVersion, observationDomain } = identity
    const facts = { version: exportVersion, observationDomain }
    const text = 'the exporter has started anew; no loss is counted'
    this.#log.info(performance.now(), exporter, text, facts)
  }

  /** Logs what was found out about a stream's sequence, once. */
  logNotices(stream: StreamState): void {
    const { exporter, exportVersion, observationDomain } = stream.identity
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

function outcomeWord(outcome: {
  readonly isUseless: boolean
  readonly waitingSets: number
}): 'rejected' | 'held' | 'decoded' {
  if (outcome.isUseless) return 'rejected'
  return outcome.waitingSets > 0 ? 'held' : 'decoded'
}
