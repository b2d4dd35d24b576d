/** The writer from a line of the pipe to a batch, for messages of one IPFIX exporter. */

import assert from 'node:assert/strict'
import { pino } from 'pino'
import { Batcher } from '../../../writer/ingest/batcher.ts'
import { Ingest } from '../../../writer/ingest/ingest.ts'
import { createWriterMetrics } from '../../../writer/metrics.ts'
import { Decoder } from '../../../writer/netflow/decode.ts'
import { AllowList } from '../../../writer/streams/allow-list.ts'
import { ExporterRegistry } from '../../../writer/streams/exporter-registry.ts'
import { HeldDatagrams } from '../../../writer/streams/held-datagrams.ts'
import { Streams } from '../../../writer/streams/streams.ts'
import { EXPORT_SECONDS, ipfixMessageOf, type Wire } from '../../helpers/netflow-bytes.ts'

const none = () => 0

/** The writer's spine for one exporter, without a pipe and a database. */
export class Spine {
  readonly #streams = new Streams([])
  readonly #batcher: Batcher
  readonly #ingest: Ingest
  #seconds = EXPORT_SECONDS
  #line = ''

  constructor() {
    this.#batcher = new Batcher({
      maxRows: 1_000_000,
      flushIntervalMs: 600_000,
      maxInFlight: 2,
      heldBytes: () => 0,
      changedStreams: () => 0,
      onClose: () => {},
      submit: () => {},
      onRoom: () => {},
    })
    this.#ingest = new Ingest({
      logger: pino({ level: 'silent' }),
      metrics: createWriterMetrics({
        heldDatagrams: none,
        heldSets: none,
        heldBytes: none,
        exporters: none,
        streams: () => undefined,
        batchesInFlight: none,
        journalBytes: none,
        journalLagBytes: none,
        journalLagSeconds: none,
      }),
      registry: new ExporterRegistry({
        policy: 'open',
        allowList: new AllowList([]),
        maxExporters: 10,
      }),
      streams: this.#streams,
      batcher: this.#batcher,
      decoder: new Decoder(),
      position: 0,
      lines: { datagrams: 0, malformed: 0, reports: 0, lostBytes: 0 },
      heldDatagrams: new HeldDatagrams(),
      isCaughtUp: () => true,
    })
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
    this.#ingest.takeBytes(Buffer.from(this.#line))
  }

  /** Ends the stream, long after its last message; gives what was found out about it. */
  finish() {
    const [stream, ...others] = [...this.#streams.all()]
    assert.ok(stream !== undefined && others.length === 0, 'there is one stream')
    const gaps = [...this.#batcher.current.changes.gaps]
    gaps.push(
      ...stream.sequence.expire((this.#seconds + 60) * 1000).map((gap) => ({
        ...gap,
        detectedAtMicros: 0,
        ...stream.key,
      })),
    )
    const { rows } = this.#batcher.current
    // Its timer must not keep the process alive.
    this.#batcher.flush()
    const change = stream.takeChange()
    return {
      rows,
      gaps: gaps.map(({ expected, received, lost, unit }) => ({ expected, received, lost, unit })),
      lost: change.lost,
      next: change.nextSequence,
      counters: change,
    }
  }
}
