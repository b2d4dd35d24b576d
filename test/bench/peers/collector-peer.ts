/** What the peers' instrument needs of a program that collects flows, ours or another one. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { until } from '../../helpers/until.ts'
import type { BenchDatabase } from '../measure/bench-database.ts'

/** One that can be started. */
export interface CollectorPeer {
  readonly name: string
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined
  readonly start: (database: BenchDatabase, folder: string) => Promise<RunningPeer>
}

/** One that receives. */
export interface RunningPeer {
  readonly port: number
  /** Its processes; those in their groups count, too. */
  readonly pids: readonly number[]
  /** Gives how many flows are stored so far; undefined when only its end will tell. */
  readonly countStored: () => Promise<number | undefined>
  /** Ends it in good order, with all that it has started; gives how many flows are stored. */
  readonly stop: () => Promise<number>
}

/** Finds a port for a program that cannot choose one. */
export async function findFreePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

/** Waits until somebody listens on an IPv4 port of this machine. */
export async function waitForListener(port: number): Promise<void> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  await until(`a program listens on port ${port}`, () =>
    readFileSync('/proc/net/udp', 'utf8').includes(suffix),
  )
}
