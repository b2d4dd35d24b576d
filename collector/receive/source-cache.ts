/**
 * Keeps the encoded sources of datagrams, because few exporters send many datagrams. Forged
 * addresses cannot make it grow above its bound.
 */

import { encodeSource } from '../../shared/pipe-line.ts'

/** Above the exporters of one collector; more sources cost only time. */
const MAX_SOURCES = 4096

export class SourceCache {
  readonly #sources = new Map<number | string, Buffer>()

  /** Finds the source that was added under `key`; undefined if the cache has been full since. */
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
