/**
 * The collector: a datagram goes from its socket into the queue and from there into the named pipe.
 * Every 10 seconds a report of the collector about itself goes the same way.
 */

import { randomUUID } from 'node:crypto'
import { loadLibc } from '../shared/libc.ts'
import type { Logger } from '../shared/logger.ts'
import { type CollectorReport, encodeReportLine } from '../shared/pipe-line.ts'
import type { CollectorSettings } from './config.ts'
import { PipeWriter } from './forward/pipe-writer.ts'
import { LossLog } from './loss-log.ts'
import { KernelDrops } from './receive/kernel-drops.ts'
import { loadSocketCalls } from './receive/socket-calls.ts'
import { type ListeningSocket, UdpReceiver } from './receive/udp-receiver.ts'

const REPORT_INTERVAL_MS = 10_000
const WATCH_INTERVAL_MS = 1000
/** Even on a busy machine, a killed writer is back sooner. */
const DRAIN_DEADLINE_MS = 15_000
/** A stop that lasts longer logs its reason. */
const PATIENCE_MS = 1_000

interface CollectorOptions {
  readonly settings: CollectorSettings
  readonly logger: Logger
  /** Called when the collector cannot go on. */
  readonly onFatal: (error: Error) => void
  /** The longest that `stop` may take; default 15,000. */
  readonly drainDeadlineMs?: number
}

/** The counts since the start, and the present state. */
export interface CollectorStatus {
  readonly received: number
  readonly receivedBytes: number
  readonly forwarded: number
  readonly queueDropped: number
  /** null where the system does not report it. */
  readonly kernelDropped: number | null
  readonly queuedDatagrams: number
  readonly queuedBytes: number
  readonly sockets: readonly ListeningSocket[]
  readonly isPipeOpen: boolean
}

export class Collector {
  readonly #options: CollectorOptions
  readonly #receiver: UdpReceiver
  readonly #pipe: PipeWriter
  readonly #kernelDrops = new KernelDrops()
  readonly #id = randomUUID()
  readonly #libc = loadLibc()
  readonly #kernelLosses: LossLog
  readonly #queueLosses: LossLog
  #startedAtMs = 0
  /** Datagrams received when the kernel's drops were last read. */
  #receivedAtPoll = 0
  #timers: NodeJS.Timeout[] = []

  constructor(options: CollectorOptions) {
    const { settings, logger, onFatal } = options
    this.#options = options
    this.#pipe = new PipeWriter({
      path: settings.NAMED_PIPE_FILENAME,
      maxQueueBytes: settings.COLLECTOR_QUEUE_BYTES,
      logger,
      onFatal,
      libc: this.#libc,
    })
    this.#receiver = new UdpReceiver({
      host: settings.NETFLOW_HOST,
      ports: settings.NETFLOW_PORT,
      receiveBufferBytes: settings.UDP_RECEIVE_BUFFER_BYTES,
      logger,
      calls: loadSocketCalls(),
      sink: this.#pipe,
    })
    this.#kernelLosses = new LossLog({ logger, ...KERNEL_LOSS })
    this.#queueLosses = new LossLog({ logger, ...QUEUE_LOSS })
  }

  /**
   * Listens, then opens the pipe or begins to wait for it.
   *
   * @throws ListenError, NotAPipeError
   */
  async start(): Promise<void> {
    if (this.#startedAtMs > 0) return
    this.#startedAtMs = Date.now()
    // The sockets come first: a second collector, started by mistake, fails before it touches the
    // pipe.
    await this.#receiver.start()
    this.#kernelDrops.start(this.#receiver.listening.map(({ port }) => port))
    this.#pushReport({ final: false })
    this.#pipe.start()
    this.#timers = [
      setInterval(() => this.#watchLosses(), WATCH_INTERVAL_MS),
      setInterval(() => this.#pushReport({ final: false }), REPORT_INTERVAL_MS),
    ]
  }

  get status(): CollectorStatus {
    const { received, receivedBytes, listening } = this.#receiver
    const { forwarded, queueDropped, queuedDatagrams, queuedBytes, isOpen } = this.#pipe
    return {
      received,
      receivedBytes,
      forwarded,
      queueDropped,
      kernelDropped: this.#kernelDrops.total,
      queuedDatagrams,
      queuedBytes,
      sockets: listening,
      isPipeOpen: isOpen,
    }
  }

  #watchLosses(): void {
    // The kernel drops datagrams only while a buffer is full, and a full buffer is read soon:
    // without new datagrams there are no new drops.
    if (this.#receiver.received !== this.#receivedAtPoll) this.#kernelDrops.poll()
    this.#receivedAtPoll = this.#receiver.received
    const { queueDropped, queuedBytes, kernelDropped } = this.status
    const now = performance.now()
    const hasRoom = queuedBytes < this.#options.settings.COLLECTOR_QUEUE_BYTES / 2
    this.#kernelLosses.observe({ total: kernelDropped ?? 0, isCalm: true, now })
    this.#queueLosses.observe({ total: queueDropped, isCalm: hasRoom, now })
  }

  #pushReport({ final }: { readonly final: boolean }): void {
    if (final) this.#kernelDrops.poll()
    const { received, forwarded, queueDropped, kernelDropped } = this.status
    const report: CollectorReport = {
      collector: this.#id,
      startedAt: this.#startedAtMs / 1000,
      time: Date.now() / 1000,
      received,
      forwarded,
      queueDropped,
      kernelDropped,
      final,
    }
    this.#pipe.pushReport(encodeReportLine(report))
  }

  /**
   * Reads the rest from the kernel, closes the sockets, and waits until every datagram and the
   * final report are in the pipe. Datagrams that the deadline leaves are counted as dropped, and
   * logged.
   */
  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    const { drainDeadlineMs = DRAIN_DEADLINE_MS, logger } = this.#options
    const deadline = performance.now() + drainDeadlineMs
    const patience = setTimeout(() => logger.warn({ drainDeadlineMs }, WAITING), PATIENCE_MS)
    await this.#receiver.finish(deadline - performance.now())
    this.#kernelDrops.poll()
    await this.#receiver.stop()
    if (await this.#pipe.drain(deadline - performance.now())) {
      this.#pushReport({ final: true })
      await this.#pipe.drain(deadline - performance.now())
    }
    await this.#handOver(deadline - performance.now())
    clearTimeout(patience)
    this.#logEnd(this.#pipe.stop())
  }

  /** The kernel discards the pipe's content with its last process, so this waits for a writer. */
  async #handOver(timeoutMs: number): Promise<void> {
    const libc = this.#libc
    if (!libc) return
    const bytes = await this.#pipe.handOver(libc, timeoutMs)
    if (bytes === 0) return
    this.#options.logger.error(
      { bytes },
      'nobody reads the named pipe: its content is lost, unless another process has it open; ' +
        'start the writer before the collector is stopped',
    )
  }

  #logEnd(left: number): void {
    const { logger } = this.#options
    const { received, forwarded, queueDropped, kernelDropped } = this.status
    const counts = { received, forwarded, queueDropped, kernelDropped }
    if (left > 0) logger.error({ left, ...counts }, LEFT)
    else logger.info(counts, 'every datagram is in the named pipe, or counted as dropped')
  }
}

const KERNEL_LOSS = {
  message:
    'the kernel dropped datagrams because the receive buffer was full; raise ' +
    'UDP_RECEIVE_BUFFER_BYTES and net.core.rmem_max',
  recovered: 'the kernel drops no more datagrams',
} as const

const QUEUE_LOSS = {
  message:
    'the queue is full and the newest datagrams are dropped: the reader of the named pipe is ' +
    'stopped or too slow; look at the writer, or raise COLLECTOR_QUEUE_BYTES',
  recovered: 'the queue has room again',
} as const

const WAITING =
  'still waiting for the reader of the named pipe: datagrams that it does not take in time are ' +
  'lost; look at the writer'

const LEFT =
  'the named pipe did not take the queue in time, because its reader is stopped: the rest is ' +
  'dropped; look at the writer'
