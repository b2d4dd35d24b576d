/**
 * Finds this process's own UDP sockets in /proc: Node tells neither the descriptor of a socket nor
 * its drops. It knows nothing where /proc is not there.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** One socket of /proc/net/udp or /proc/net/udp6. */
interface UdpRow {
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

/** Reads the kernel's tables of UDP sockets, those of other processes among them. */
export function readUdpTables(procDir = '/proc'): UdpRow[] {
  return ['udp', 'udp6'].flatMap((name) =>
    parseUdpTable(whereThere(() => readFileSync(`${procDir}/net/${name}`, 'utf8')) ?? ''),
  )
}

/** Gives the descriptors of this process's sockets of any kind by their inodes. */
export function findOwnSockets(procDir = '/proc'): Map<string, number> {
  const descriptors = new Map<string, number>()
  const directory = `${procDir}/self/fd`
  for (const name of whereThere(() => readdirSync(directory)) ?? []) {
    const link = whereThere(() => readlinkSync(`${directory}/${name}`))
    const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1]
    if (inode !== undefined) descriptors.set(inode, Number(name))
  }
  return descriptors
}

/** Gives the descriptor of this process's socket on `port`; nothing where it is not certain. */
export function findUdpDescriptor(port: number, procDir = '/proc'): number | undefined {
  const own = findOwnSockets(procDir)
  const rows = readUdpTables(procDir).filter((row) => row.port === port && own.has(row.inode))
  const [row] = rows
  return row && rows.length === 1 ? own.get(row.inode) : undefined
}

/** Gives nothing where the system has no such file, or a descriptor is gone already. */
function whereThere<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
