/** Writes lines into a writer's pipe as fast as the writer reads them. */

import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A write of so few bytes is done as a whole or not at all (PIPE_BUF). */
const WRITE_BYTES = 4_096
const FULL_PAUSE_MS = 2

export class PipeEnd {
  readonly #pipe: number
  #written: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  }

  /** Writes whole lines, after those of earlier calls. */
  write(lines: string | Buffer): Promise<void> {
    const bytes = typeof lines === 'string' ? Buffer.from(lines, 'latin1') : lines
    this.#written = this.#written.then(() => this.#writeAll(bytes))
    return this.#written
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const written = this.#writeAvailable(bytes.subarray(at, at + WRITE_BYTES))
      if (written === 0) await sleep(FULL_PAUSE_MS)
      at += written
    }
  }

  /** Returns how many bytes the pipe had room for. */
  #writeAvailable(bytes: Buffer): number {
    try {
      return writeSync(this.#pipe, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
      throw error
    }
  }

  close(): void {
    closeSync(this.#pipe)
  }
}
