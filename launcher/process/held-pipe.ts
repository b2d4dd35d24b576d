/**
 * Keeps the named pipe open for the launcher: then its content survives the end of both other
 * processes. When a new pipe takes the path, that one is kept open.
 */

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'

const LOOK_MS = 1_000

export class HeldPipe {
  readonly #path: string
  #fd: number
  readonly #timer: NodeJS.Timeout

  /** @throws the system's error when the pipe cannot be opened */
  constructor(path: string, lookMs = LOOK_MS) {
    this.#path = path
    this.#fd = openPipe(path)
    this.#timer = setInterval(() => this.#look(), lookMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #look(): void {
    try {
      const found = statSync(this.#path, { throwIfNoEntry: false })
      if (!found?.isFIFO() || found.ino === fstatSync(this.#fd).ino) return
      const fd = openPipe(this.#path)
      closeSync(this.#fd)
      this.#fd = fd
    } catch {
      // The processes have the same trouble and log it; this one looks again.
    }
  }
}

function openPipe(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
}
