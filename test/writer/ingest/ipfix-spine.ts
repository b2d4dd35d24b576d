/** The writer from a line of the pipe to a batch, for messages of one IPFIX exporter. */

import assert from 'node:assert/strict'
import { pino } from 'pino'
import { Ingest } from '../../../writer/ingest/ingest.ts'
import type { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { createWriterMetrics } from '../../../writer/metrics/metrics.ts'
import { Decoder } from '../../../writer/netflow/decode.ts'
import { AllowList } from '../../../writer/streams/allow-list.ts'
import { ExporterRegistry } from '../../../writer/streams/exporter-registry.ts'
import { HeldDatagrams } from '../../../writer/streams/held-datagrams.ts'
import { Streams } from '../../../writer/streams/streams.ts'
import { EXPORT_SECONDS, ipfixMessageOf, type Wire } from '../../helpers/netflow-bytes.ts'

const none = () => 0

/** Metrics of a writer without a journal and streams. */
export function idleMetrics() {
  return createWriterMetrics({
    heldDatagrams: none,
    heldSets: none,
    heldBytes: none,
    exporters: none,
    streams: () => undefined,
    batchesInFlight: none,
    databaseUp: none,
    oldestUnloadedSeconds: none,
    storeKind: () => undefined,
    rollups: () => undefined,
    history: () => undefined,
    journalBytes: none,
    journalLimitBytes: none,
    journalFolder: () => '/',
    journalLagBytes: none,
    journalLagSeconds: none,
  })
}

/** The writer's spine for one exporter, without a pipe and a database. */
export class Spine {
  readonly #streams = new Streams([])
  /** Batches that were submitted. */
  readonly #batches: CopyBatch[] = []
  readonly #ingest: Ingest
  #seconds = EXPORT_SECONDS
  #line = ''

  constructor(flushIntervalMs = 600_000) {
    this.#ingest = new Ingest({
      logger: pino({ level: 'silent' }),
      metrics: idleMetrics(),
      registry: new ExporterRegistry({
        policy: 'open',
        allowList: new AllowList([]),
        maxExporters: 10,
      }),
      streams: this.#streams,
      // No batch is ever committed, so that none is emptied.
      loader: {
        submit: (batch) => {
          this.#batches.push(batch)
          return new Promise(() => {})
        },
      },
      decoder: new Decoder(),
      heldDatagrams: new HeldDatagrams(),
      position: 0,
      lines: { datagrams: 0, malformed: 0, reports: 0, lostBytes: 0 },
      maxRows: 1_000_000,
      flushIntervalMs,
      maxInFlight: 2,
    })
  }

  get batches(): readonly CopyBatch[] {
    return this.#batches
  }

  /** Reads bytes of the pipe as they are. */
  take(text: string): void {
    const bytes = Buffer.from(text)
    this.#ingest.take({ kind: 'bytes', bytes, to: bytes.length })
  }

  flush(): void {
    this.#ingest.flush()
  }

  /** Sends a message, a second after the one before it. */
  send(sequence: number, ...sets: readonly Wire[]): void {
    this.#seconds += 1
    const message = ipfixMessageOf({ sequence, exportSeconds: this.#seconds }, ...sets)
    const payload = message.toString('base64')
    this.#line = `["${payload}", ${this.#seconds}.25, ["192.0.2.1", 50000]]\n`
    this.repeat()
  }

  /** Sends the last message again. */
  repeat(): void {
    this.take(this.#line)
  }

  /** Ends the stream long after its last message; returns its rows, gaps and counters. */
  finish() {
    const [stream, ...others] = [...this.#streams.all()]
    assert.ok(stream !== undefined && others.length === 0, 'there is one stream')
    const declared = stream.sequence.expire((this.#seconds + 60) * 1000)
    this.#ingest.flush()
    const [batch, ...later] = this.#batches
    assert.ok(batch !== undefined && later.length === 0, 'there is one batch')
    const gaps = [...batch.changes.gaps.declared, ...declared]
    const { rows } = batch
    const [change] = batch.changes.streams
    assert.ok(change !== undefined, 'the batch has the change of the stream')
    return {
      rows,
      gaps: gaps.map(({ expected, received, lost, unit }) => ({ expected, received, lost, unit })),
      lost: change.lost,
      next: change.nextSequence,
      counters: change,
    }
  }
}
