/**
 * Finds this process's own UDP sockets in /proc: Node reports neither the descriptor of a socket
 * nor its drops. Where the system has no /proc, it finds none.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A socket in /proc/net/udp or /proc/net/udp6. */
interface UdpRow {
  readonly port: number
  readonly inode: string
  /** Datagrams dropped since the socket was opened; unsigned 32 bits, wraps. */
  readonly drops: number
}

/**
 * Reads a table of the kernel, one socket a line after a heading:
 *
 *     sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
 *       ref pointer drops
 *     local_address = <address, hex> ":" <port, 4 hex digits>
 *
 * It skips lines of another form. Source: Linux, net/ipv4/udp.c, udp4_format_sock.
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

/** Reads the kernel's tables of UDP sockets; they include those of other processes. */
export function readUdpTables(procDir = '/proc'): UdpRow[] {
  return ['udp', 'udp6'].flatMap((name) =>
    parseUdpTable(whereThere(() => readFileSync(`${procDir}/net/${name}`, 'utf8')) ?? ''),
  )
}

/** Finds the descriptors of this process's sockets of any kind, by inode. */
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

/** Finds the descriptor of this process's socket on `port`; undefined where it is not certain. */
export function findUdpDescriptor(port: number, procDir = '/proc'): number | undefined {
  const own = findOwnSockets(procDir)
  const rows = readUdpTables(procDir).filter((row) => row.port === port && own.has(row.inode))
  const [row] = rows
  return row && rows.length === 1 ? own.get(row.inode) : undefined
}

/** @returns undefined where the system has no such file, or a descriptor was closed meanwhile */
function whereThere<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
