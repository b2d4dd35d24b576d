/** Other collectors that are installed here, in turns on the same traffic. */

import { setTimeout as sleep } from 'node:timers/promises'
import { perMillion } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import type { CollectorPeer, RunningPeer } from '../peers/collector-peer.ts'
import { CpuMeter } from '../peers/cpu-meter.ts'
import { NFACCTD_PEER } from '../peers/nfacctd.ts'
import { NFCAPD_PEER } from '../peers/nfcapd.ts'
import { OWN_PEER } from '../peers/own.ts'
import { V5_STREAM } from '../traffic/sample-messages.ts'
import { Sender } from '../traffic/sender.ts'
import type { Instrument, Workbench } from './instrument.ts'

const PEERS = [OWN_PEER, NFACCTD_PEER, NFCAPD_PEER]
/** A peer allocates its memory before the measurement starts. */
const SETTLE_MS = 1_000
const POLL_MS = 250

interface PeerRun {
  readonly own: number | undefined
  readonly server: number | undefined
  readonly lostShare: number
}

export const PEERS_COMPARED: Instrument = {
  id: 'peers',
  title: 'Peers: other collectors on the same traffic',
  rowTitle: 'collector',
  isQuick: false,
  measure: (workbench) =>
    BenchDatabase.with(async (database) => {
      const { rounds, peers } = workbench.size
      const datagrams = Math.ceil(peers.rows / V5_STREAM.flowsPerDatagram)
      const present = PEERS.filter(({ missing }) => missing === undefined)
      const sender = new Sender()
      // The CPU of parallel workers that count rows would be taken for the server's.
      await database.client.query('set max_parallel_workers_per_gather = 0')
      try {
        await sender.start({ content: { stream: V5_STREAM.name }, datagrams })
        const variants = present.map(
          (peer) => [peer.name, () => runPeer(peer, database, sender, workbench)] as const,
        )
        const options = { rounds, warmUp: false, onTurn: workbench.progress }
        const results = await interleave(Object.fromEntries(variants), options)
        return {
          rows: present.map(({ name }) => describe(name, results[name] ?? [])),
          note: describeConditions(workbench),
        }
      } finally {
        await sender.stop()
      }
    }),
}

function describeConditions({ size: { peers } }: Workbench): string {
  const missing = PEERS.filter((peer) => peer.missing !== undefined)
  const left = missing.map(({ name, missing: reason }) => ` ${name} is left out: ${reason}.`)
  return (
    `v5 with 30 flows per datagram, ${peers.rate.toLocaleString('en')} datagrams per second, ` +
    `${peers.rows.toLocaleString('en')} flows, after ${peers.warmUpRows.toLocaleString('en')} flows ` +
    'that are not measured, as Node compiles its code then. nfacctd loads one row per flow, as text, ' +
    `by sql_use_copy, into a table without partitions and indexes.${left.join('')}`
  )
}

async function runPeer(
  peer: CollectorPeer,
  database: BenchDatabase,
  sender: Sender,
  { size, folder }: Workbench,
): Promise<PeerRun> {
  const { rows, rate, warmUpRows, restMs } = size.peers
  const running = await peer.start(database, folder)
  await sleep(SETTLE_MS)
  const send = async (flows: number) => {
    const count = Math.ceil(flows / V5_STREAM.flowsPerDatagram)
    const sent = await sender.send({ port: running.port, rate, count })
    return sent.count * V5_STREAM.flowsPerDatagram
  }
  const before = await send(warmUpRows)
  await waitUntilStored(running, before, restMs)
  const meter = new CpuMeter(running.pids)
  meter.start()
  const serverBefore = database.readServerCpu('all but own')
  const flows = await send(rows)
  await waitUntilStored(running, before + flows, restMs)
  // At its end, a peer stores whatever it still holds.
  const stored = await running.stop()
  return {
    own: perMillion(0, meter.stop(), flows),
    server: perMillion(serverBefore, database.readServerCpu('all but own'), flows),
    lostShare: 1 - stored / (before + flows),
  }
}

/** Waits until all flows are stored or none came for `restMs`; a second if the peer counts none. */
async function waitUntilStored(running: RunningPeer, flows: number, restMs: number): Promise<void> {
  let last = 0
  let lastAt = performance.now()
  while (performance.now() - lastAt < restMs) {
    const stored = await running.countStored()
    if (stored === undefined) return void (await sleep(1_000))
    if (stored >= flows) return
    if (stored > last) {
      last = stored
      lastAt = performance.now()
    }
    await sleep(POLL_MS)
  }
}

function describe(name: string, runs: readonly PeerRun[]): BenchRow {
  const figures = {
    'CPU s/M flows, all': figureOf(runs, 2, (run) => (run.own ?? NaN) + (run.server ?? NaN)),
    'its processes': figureOf(runs, 2, ({ own }) => own),
    PostgreSQL: figureOf(runs, 2, ({ server }) => server),
    'flows lost %': figureOf(runs, 2, ({ lostShare }) => lostShare * 100),
  }
  return { name, figures }
}
