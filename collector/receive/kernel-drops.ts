/**
 * Counts how many datagrams the kernel has dropped at this process's own UDP sockets. It knows
 * nothing where the system does not tell.
 */

import { findOwnSockets, readUdpTables } from './own-sockets.ts'

/** Adds up the drops of the sockets that were open at `start`. */
export class KernelDrops {
  readonly #procDir: string
  /** The drops that were last read, by inode. */
  readonly #seen = new Map<string, number>()
  #total: number | null = null

  constructor(procDir = '/proc') {
    this.#procDir = procDir
  }

  /** Datagrams dropped since `start`; null where it cannot be known. */
  get total(): number | null {
    return this.#total
  }

  /** Finds the own sockets that listen on `ports`. */
  start(ports: readonly number[]): void {
    this.#seen.clear()
    const inodes = findOwnSockets(this.#procDir)
    for (const { inode, port } of readUdpTables(this.#procDir)) {
      // They are new: what the kernel may have dropped already counts from zero, too.
      if (inodes.has(inode) && ports.includes(port)) this.#seen.set(inode, 0)
    }
    this.#total = this.#seen.size > 0 ? 0 : null
    this.poll()
  }

  /** Reads the counters again. It takes well below a millisecond, so it need not be asynchronous. */
  poll(): void {
    if (this.#total === null) return
    for (const { inode, drops } of readUdpTables(this.#procDir)) {
      const before = this.#seen.get(inode)
      if (before === undefined || before === drops) continue
      this.#total += (drops - before) >>> 0
      this.#seen.set(inode, drops)
    }
  }
}
