/**
 * Reads how many datagrams the kernel has dropped at this process's own UDP sockets. It looks at
 * nothing but /proc, and knows nothing where that is not there.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** One socket of /proc/net/udp or /proc/net/udp6. */
export interface UdpRow {
  readonly port: number
  readonly inode: string
  /** Datagrams dropped since the socket was made; unsigned 32 bit, wraps. */
  readonly drops: number
}

/**
 * Reads a table of the kernel, one socket a line after a heading:
 *
 *     sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
 *       ref pointer drops
 *     local_address = <address, hex> ":" <port, 4 hex digits>
 *
 * Lines of another form are left out. Source: Linux, net/ipv4/udp.c, udp4_format_sock.
 */
export function parseUdpTable(table: string): UdpRow[] {
  const rows: UdpRow[] = []
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)
    const inode = fields[9]
    const drops = Number(fields[12])
    if (inode !== undefined && Number.isInteger(port) && Number.isInteger(drops)) {
      rows.push({ port, inode, drops })
    }
  }
  return rows
}

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
    const inodes = this.#ownInodes()
    for (const { inode, port } of this.#readRows()) {
      // They are new: what the kernel may have dropped already counts from zero, too.
      if (inodes.has(inode) && ports.includes(port)) this.#seen.set(inode, 0)
    }
    this.#total = this.#seen.size > 0 ? 0 : null
    this.poll()
  }

  /** Reads the counters again. It takes well below a millisecond, so it need not be asynchronous. */
  poll(): void {
    if (this.#total === null) return
    for (const { inode, drops } of this.#readRows()) {
      const before = this.#seen.get(inode)
      if (before === undefined || before === drops) continue
      this.#total += (drops - before) >>> 0
      this.#seen.set(inode, drops)
    }
  }

  /** Node does not tell a socket's inode; the descriptors' links do, as `socket:[<inode>]`. */
  #ownInodes(): Set<string> {
    const inodes = new Set<string>()
    const directory = `${this.#procDir}/self/fd`
    for (const name of whereThere(() => readdirSync(directory)) ?? []) {
      const link = whereThere(() => readlinkSync(`${directory}/${name}`))
      const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1]
      if (inode !== undefined) inodes.add(inode)
    }
    return inodes
  }

  #readRows(): UdpRow[] {
    return ['udp', 'udp6'].flatMap((name) =>
      parseUdpTable(whereThere(() => readFileSync(`${this.#procDir}/net/${name}`, 'utf8')) ?? ''),
    )
  }
}

/** Gives nothing where the system has no such file, or a descriptor is gone already. */
function whereThere<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
