/** A program that collects flows, ours or another one, as the instrument of peers uses it. */

import { readFileSync } from 'node:fs'
import { until } from '../../helpers/until.ts'
import type { BenchDatabase } from '../measure/bench-database.ts'

export interface CollectorPeer {
  readonly name: string
  /** Why it cannot run here; undefined if it can. */
  readonly missing: string | undefined
  readonly start: (database: BenchDatabase, folder: string) => Promise<RunningPeer>
}

export interface RunningPeer {
  readonly port: number
  /** The leaders of its process groups. */
  readonly pids: readonly number[]
  /** Returns how many flows are stored so far; undefined if that is unknown before its end. */
  readonly countStored: () => Promise<number | undefined>
  /** Shuts it down with all its processes; returns how many flows are stored. */
  readonly stop: () => Promise<number>
}

/** Waits until a program listens on an IPv4 port of this machine. */
export async function waitForListener(port: number): Promise<void> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  await until(`a program listens on port ${port}`, () =>
    readFileSync('/proc/net/udp', 'utf8').includes(suffix),
  )
}
