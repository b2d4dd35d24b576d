/** The batch that is being filled, and the batches that are on their way into the database. */

import { CopyBatch } from '../load/copy/copy-batch.ts'
import type { WriterMetrics } from '../metrics/metrics.ts'

/** A batch with more bytes of rows or held sets is full, whatever its rows. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024
/** The same for messages with templates and options: their rows take 65 times as many bytes. */
const MAX_CHANGE_BYTES = 512 * 1024
/** Templates and options records of a batch. */
const MAX_CHANGES = 20_000
/**
 * Streams of a batch: 5 KB of memory each, and 100 µs in the database. A flood of small datagrams to
 * many streams writes each of them once a batch, so larger batches cost less.
 */
const MAX_CHANGED_STREAMS = 10_000

/** State that a batch will have to write when it is closed. */
export interface PendingState {
  /** Bytes of held sets. */
  readonly heldBytes: number
  readonly changedStreams: number
}

/** Loads batches in the order of the calls; see `FlowLoader`. */
interface BatchLoader {
  /** Resolves when the batch is committed; rejects when it can never be loaded. */
  submit(batch: CopyBatch): Promise<void>
}

export interface BatcherOptions {
  readonly loader: BatchLoader
  readonly metrics: WriterMetrics
  readonly maxRows: number
  /** Batches on their way at the same time; one more is being filled. */
  readonly maxInFlight: number
  /** Position up to which the database holds the stream at the start. */
  readonly position: number
}

export class Batcher {
  readonly #options: BatcherOptions
  readonly #free: CopyBatch[] = []
  #current = new CopyBatch()
  #isOpen = false
  /** Templates and options records of the current batch, and bytes of their messages. */
  #changes = 0
  #changeBytes = 0
  #inFlight = 0
  /** Receive times of the first lines of all batches that are open or on their way, in order. */
  readonly #receivedMs: number[] = []
  #committed: number
  /** Resolves `room` for the caller that waits. */
  #giveRoom: (() => void) | undefined
  #fail: (error: unknown) => void = () => {}
  /** Rejects when a batch can never be loaded. */
  readonly failure: Promise<never>

  constructor(options: BatcherOptions) {
    this.#options = options
    this.#committed = options.position
    this.failure = new Promise((_, reject) => {
      this.#fail = reject
    })
  }

  /** The batch that is being filled; call `open` when it is changed. */
  get current(): CopyBatch {
    return this.#current
  }

  /** Whether the current batch holds anything. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Position up to which the database holds the stream. */
  get committed(): number {
    return this.#committed
  }

  /** Whether the current batch, with what closing it will add, should be closed. */
  isFull({ heldBytes, changedStreams }: PendingState): boolean {
    const { rows, bytes } = this.#current
    return (
      rows >= this.#options.maxRows ||
      bytes >= MAX_BATCH_BYTES ||
      this.#changes >= MAX_CHANGES ||
      this.#changeBytes >= MAX_CHANGE_BYTES ||
      heldBytes >= MAX_BATCH_BYTES ||
      changedStreams >= MAX_CHANGED_STREAMS
    )
  }

  /** Receive time of the oldest line that is not committed, Unix milliseconds. */
  get oldestReceivedMs(): number | undefined {
    return this.#receivedMs[0]
  }

  /**
   * Notes that the current batch holds something.
   *
   * @param receivedMs when its first line was received, Unix milliseconds
   */
  open(receivedMs: number): void {
    this.#isOpen = true
    this.#current.openedAtMs = performance.now()
    this.#receivedMs.push(receivedMs)
  }

  /** Counts the templates and options records of a message that the current batch has to write. */
  noteChanges(changes: number, messageBytes: number): void {
    this.#changes += changes
    this.#changeBytes += messageBytes
  }

  /** Sends the current batch to the database and begins the next one. */
  submit(): void {
    const batch = this.#current
    this.#isOpen = false
    this.#changes = 0
    this.#changeBytes = 0
    this.#current = this.#free.pop() ?? new CopyBatch()
    this.#current.addFields(batch.fields)
    batch.submittedAtMs = performance.now()
    this.#load(batch).catch((error: unknown) => this.#fail(error))
  }

  async #load(batch: CopyBatch): Promise<void> {
    this.#inFlight += 1
    await this.#options.loader.submit(batch)
    this.#inFlight -= 1
    this.#receivedMs.shift()
    this.#committed = batch.journalTo
    this.#measure(batch)
    batch.reset()
    this.#free.push(batch)
    this.#giveRoom?.()
    this.#giveRoom = undefined
  }

  #measure({ rows, parked, openedAtMs, submittedAtMs }: CopyBatch): void {
    const { metrics } = this.#options
    const now = performance.now()
    metrics.rowsCommitted.inc(rows - parked)
    metrics.rowsParked.inc(parked)
    metrics.batchesCommitted.inc()
    metrics.batchAge.observe((now - openedAtMs) / 1000)
    metrics.commitAge.observe((now - submittedAtMs) / 1000)
  }

  /** Resolves as soon as fewer batches than allowed are on their way. */
  async room(): Promise<void> {
    while (this.#inFlight >= this.#options.maxInFlight) {
      await new Promise<void>((resolve) => {
        this.#giveRoom = resolve
      })
    }
  }
}
