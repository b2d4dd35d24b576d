/** All work on the table of flows beside loading, in the background. */

import type { HistoryStatus } from './history.ts'
import { PartitionJob, type PartitionJobOptions } from './partition-job.ts'
import { ReaderJob, type ReaderJobOptions } from './reader-job.ts'

export class Upkeep {
  readonly #partitions: PartitionJob
  readonly #readers: ReaderJob

  constructor(options: PartitionJobOptions & ReaderJobOptions) {
    this.#partitions = new PartitionJob(options)
    this.#readers = new ReaderJob(options)
  }

  get historyStatus(): HistoryStatus {
    return this.#readers.historyStatus
  }

  /** Makes the partitions of now and next; the rest follows by itself, periodically. */
  async start(): Promise<void> {
    await this.#partitions.start()
    this.#readers.start()
  }

  /** Closes the connections at once. May be called twice. */
  async stop(): Promise<void> {
    await Promise.all([this.#partitions.stop(), this.#readers.stop()])
  }
}
