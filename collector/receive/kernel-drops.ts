/** Counts the datagrams that the kernel has dropped at this process's own UDP sockets. */

import { findOwnSockets, readUdpTables } from './own-sockets.ts'

/** Adds up the drops of the sockets that are open at `start`. */
export class KernelDrops {
  readonly #procDir: string
  /** The latest drop counter of each socket, by inode. */
  readonly #seen = new Map<string, number>()
  #total: number | null = null

  constructor(procDir = '/proc') {
    this.#procDir = procDir
  }

  /** Datagrams dropped since `start`; null where the system does not report them. */
  get total(): number | null {
    return this.#total
  }

  /** Finds this process's sockets on `ports`. */
  start(ports: readonly number[]): void {
    this.#seen.clear()
    const inodes = findOwnSockets(this.#procDir)
    for (const { inode, port } of readUdpTables(this.#procDir)) {
      // These sockets are new, so that their counters began at 0.
      if (inodes.has(inode) && ports.includes(port)) this.#seen.set(inode, 0)
    }
    this.#total = this.#seen.size > 0 ? 0 : null
    this.poll()
  }

  /** Reads the counters again; synchronous, because this takes well below a millisecond. */
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
