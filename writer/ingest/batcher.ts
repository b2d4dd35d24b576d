/**
 * Fills batches and hands them to the loader: closed by rows, bytes or age. It says when reading has
 * to pause because the database has fallen behind.
 */

import { CopyBatch } from '../load/copy/copy-batch.ts'

/** A batch beyond this is closed whatever its rows. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024
/** The same for the messages that changed what is remembered: their rows take 65 times as much. */
const MAX_CHANGE_BYTES = 512 * 1024

/** Streams of a batch: some 2 KB of a statement each. */
const MAX_STREAMS = 5_000

/** Templates and options records of a batch. */
const MAX_CHANGES = 20_000

export interface BatcherOptions {
  readonly maxRows: number
  readonly flushIntervalMs: number
  /** Batches on their way at the same time; one more is being filled. */
  readonly maxInFlight: number
  /** Bytes of held sets that the current batch will have to write. */
  readonly heldBytes: () => number
  /** Streams that the current batch will have to write. */
  readonly changedStreams: () => number
  /** Completes the changes of a batch that is about to be submitted, up to which position. */
  readonly onClose: (batch: CopyBatch) => void
  readonly submit: (batch: CopyBatch) => void
  /** Called when reading may go on. */
  readonly onRoom: () => void
}

export class Batcher {
  readonly #options: BatcherOptions
  readonly #free: CopyBatch[] = []
  #current: CopyBatch
  #isDirty = false
  /** Changes beside the rows, and bytes of the messages that brought them. */
  #changes = 0
  #changeBytes = 0
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: BatcherOptions) {
    this.#options = options
    this.#current = new CopyBatch()
  }

  /** The batch that is being filled; call `touch` when it is changed. */
  get current(): CopyBatch {
    return this.#current
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** False while as many batches as allowed are on their way. */
  get hasRoom(): boolean {
    return this.#inFlight < this.#options.maxInFlight
  }

  /** Notes that the current batch holds something; it will be closed when it is old. */
  touch(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    this.#current.openedAtMs = performance.now()
    this.#timer = setTimeout(() => this.flush(), this.#options.flushIntervalMs)
  }

  /** Closes the current batch when it is full. Only to be called when a line is dealt with whole. */
  closeFull(): void {
    const { rows, bytes } = this.#current
    const isFull = rows >= this.#options.maxRows || bytes >= MAX_BATCH_BYTES
    if (isFull || this.#isFullOfChanges) this.flush()
  }

  /** Counts what a message of so many bytes said that the current batch has to write down. */
  noteChanges(changes: number, messageBytes: number): void {
    this.#changes += changes
    this.#changeBytes += messageBytes
  }

  get #isFullOfChanges(): boolean {
    return (
      this.#changes >= MAX_CHANGES ||
      this.#changeBytes >= MAX_CHANGE_BYTES ||
      this.#options.heldBytes() >= MAX_BATCH_BYTES ||
      this.#options.changedStreams() >= MAX_STREAMS
    )
  }

  /** Submits what there is, however little. */
  flush(): void {
    clearTimeout(this.#timer)
    if (!this.#isDirty) return
    const batch = this.#current
    this.#options.onClose(batch)
    this.#isDirty = false
    this.#changes = 0
    this.#changeBytes = 0
    this.#current = this.#free.pop() ?? new CopyBatch()
    this.#current.addFields(batch.fields)
    this.#inFlight += 1
    batch.submittedAtMs = performance.now()
    this.#options.submit(batch)
  }

  /** Takes back a batch that has been committed. */
  release(batch: CopyBatch): void {
    batch.reset()
    this.#free.push(batch)
    this.#inFlight -= 1
    if (this.hasRoom) this.#options.onRoom()
  }
}
