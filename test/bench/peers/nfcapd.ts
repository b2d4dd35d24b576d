/** nfdump's nfcapd, which writes files only: the minimum of work for a collector. */

import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreeUdpPort } from '../../helpers/free-port.ts'
import { missingPrograms } from '../../integration/exporters/programs.ts'
import { endProcess } from '../measure/end-process.ts'
import { type CollectorPeer, waitForListener } from './collector-peer.ts'

const SOCKET_BUFFER_BYTES = 33_554_432

export const NFCAPD_PEER: CollectorPeer = {
  name: 'nfcapd, files only',
  missing: missingPrograms('nfcapd', 'nfdump') || undefined,
  start: async (_database, parent) => {
    const folder = await mkdtemp(join(parent, 'nfcapd-'))
    const port = await findFreeUdpPort()
    const args = ['-w', folder, '-b', '127.0.0.1', '-p', port, '-B', SOCKET_BUFFER_BYTES]
    const child = spawn('nfcapd', args.map(String), { stdio: 'ignore' })
    await waitForListener(port)
    return {
      port,
      pids: [child.pid as number],
      countStored: async () => undefined,
      stop: async () => {
        await endProcess(child)
        const summary = execFileSync('nfdump', ['-R', folder, '-I'], { encoding: 'utf8' })
        return Number(/^Flows:\s+(\d+)/m.exec(summary)?.[1])
      },
    }
  },
}
