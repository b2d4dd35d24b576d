/**
 * Keeps the encoded sources of datagrams, as few exporters send many. It never grows beyond a bound,
 * whatever addresses are forged.
 */

import { encodeSource } from '../../shared/pipe-line.ts'

/** More exporters than one collector has; beyond it, only time is lost. */
const MAX_SOURCES = 4096

export class SourceCache {
  readonly #sources = new Map<number | string, Buffer>()

  /** Gives what was added under `key`, unless it was forgotten. */
  find(key: number | string): Buffer | undefined {
    return this.#sources.get(key)
  }

  /** Encodes a source and keeps it under `key`. */
  add(key: number | string, address: string, port: number): Buffer {
    if (this.#sources.size >= MAX_SOURCES) this.#sources.clear()
    const source = encodeSource(address, port)
    this.#sources.set(key, source)
    return source
  }
}
