/** Judges the health of the collector from its status. */

import type { Health } from '../shared/metrics-server.ts'
import type { CollectorStatus } from './collector.ts'

/** A collector is healthy while its sockets listen and its pipe is open. */
export function judgeHealth(status: CollectorStatus, pipePath: string): Health {
  const { sockets, isPipeOpen, queuedBytes } = status
  const missing: string[] = []
  if (sockets.length === 0) missing.push('no socket listens')
  if (!isPipeOpen) missing.push(`the named pipe ${pipePath} is not open`)
  const ports = sockets.map(({ port }) => port)
  return { healthy: missing.length === 0, detail: { missing, ports, queuedBytes } }
}
