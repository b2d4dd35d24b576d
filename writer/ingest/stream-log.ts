/** Logs findings about a stream and its messages, throttled by `ProblemLog`. */

import type { DecodeResult } from '../netflow/decode-result.ts'
import type { StreamKey } from '../netflow/stream-key.ts'
import { NOTICE_TEXT, PROBLEM_TEXT } from '../problem-text.ts'
import type { SequenceGap } from '../sequence/gap-ledger.ts'
import type { SequenceNotice } from '../sequence/sequence-tracker.ts'
import type { Stream } from '../streams/stream.ts'
import type { Facts, ProblemLog } from './problem-log.ts'

export class StreamLog {
  readonly #log: ProblemLog

  constructor(log: ProblemLog) {
    this.#log = log
  }

  /** Logs what was wrong inside a message, and which templates it redefined. */
  logResult({ key }: Stream, { problems, redefinitions }: DecodeResult): void {
    for (const { code, templateId, detail } of problems) {
      this.#warn(key, PROBLEM_TEXT[code] ?? code, { templateId, detail })
    }
    for (const redefinition of redefinitions) {
      const text = 'the exporter has redefined a template; the new definition is in force'
      this.#info(key, text, { ...redefinition })
    }
  }

  /** Logs that an exporter has started anew. */
  logRestart({ key }: Stream): void {
    this.#info(key, 'the exporter has started anew; no loss is counted', {})
  }

  /** Logs a finding about a stream's sequence. */
  logNotice({ key }: Stream, { kind, ...facts }: SequenceNotice): void {
    this.#info(key, NOTICE_TEXT[kind], facts)
  }

  logGap({ key }: Stream, { expected, received, lost, unit }: SequenceGap): void {
    const text = 'sequence gap: lost in the network'
    this.#warn(key, text, { expected, received, lost, unit })
  }

  logExpiredSet(key: StreamKey): void {
    this.#warn(key, 'gave up a data set whose template did not come', {})
  }

  /** Logs that a stream has made room for another one. */
  logForgotten({ key }: Stream): void {
    const text =
      'forgot the stream that was silent for longest: its exporter has too many observation domains, or ' +
      'all exporters together; its counters stay, and it is followed anew when it is heard'
    this.#info(key, text, {})
  }

  /** Logs that the sequence accounting of a stream was cut down. */
  logTrimmed({ key }: Stream): void {
    const text =
      'the sequence accounting of a stream was cut down to one series of numbers: that of all exporters ' +
      'takes too much memory, and its exporter takes the most; a loss meanwhile may be missed'
    this.#info(key, text, {})
  }

  logNotStored({ key }: Stream): void {
    const text =
      'flows are not stored: the exporter is disabled (update exporters set enabled = true where address = …)'
    this.#log.warn(performance.now(), key.exporter, text, {})
  }

  #warn({ exporter, exportVersion, observationDomain }: StreamKey, text: string, facts: Facts) {
    const all = { version: exportVersion, observationDomain, ...facts }
    this.#log.warn(performance.now(), exporter, text, all)
  }

  #info({ exporter, exportVersion, observationDomain }: StreamKey, text: string, facts: Facts) {
    const all = { version: exportVersion, observationDomain, ...facts }
    this.#log.info(performance.now(), exporter, text, all)
  }
}
