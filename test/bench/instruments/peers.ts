/** Other collectors that are installed here, on the same traffic into the same PostgreSQL, in turns. */

import { setTimeout as sleep } from 'node:timers/promises'
import { perMillion } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
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
/** Allocating its memory is not what is measured. */
const SETTLE_MS = 1_000
const POLL_MS = 250
const COLUMNS = {
  all: 'CPU s/M flows, all',
  own: 'its processes',
  server: 'PostgreSQL',
  lost: 'flows lost %',
} as const

interface PeerRun {
  readonly own: number | undefined
  readonly server: number | undefined
  readonly lostShare: number
}

export const PEERS_BENCH: Instrument = {
  id: 'peers',
  isQuick: false,
  measure: async (workbench) => {
    const { rounds, peers } = workbench.size
    const database = await BenchDatabase.create()
    const sender = new Sender()
    try {
      const content = { stream: V5_STREAM.name }
      await sender.start({ content, datagrams: Math.ceil(peers.rows / V5_STREAM.flowsPerDatagram) })
      const present = PEERS.filter(({ missing }) => missing === undefined)
      const results = await interleave({
        variants: Object.fromEntries(
          present.map((peer) => [peer.name, () => runPeer(peer, database, sender, workbench)]),
        ),
        rounds,
        warmUp: false,
        onTurn: (name, round) => workbench.progress(`${name}, round ${round} of ${rounds}`),
      })
      return {
        id: 'peers',
        title: 'Peers: other collectors on the same traffic',
        rowTitle: 'collector',
        columns: Object.values(COLUMNS),
        rows: present.map(({ name }) => describe(name, results[name] ?? [])),
        note: describeConditions(workbench),
      }
    } finally {
      await sender.stop()
      await database.drop()
    }
  },
}

function describeConditions({ size: { peers } }: Workbench): string {
  const missing = PEERS.filter((peer) => peer.missing !== undefined)
  const left = missing.map(({ name, missing: reason }) => ` ${name} is left out: ${reason}.`)
  return (
    `v5 with 30 flows a datagram, ${peers.rate.toLocaleString('en')} datagrams a second, ` +
    `${peers.rows.toLocaleString('en')} flows. nfacctd loads one row a flow, as text, by ` +
    `sql_use_copy, into a table without partitions and indexes.${left.join('')}`
  )
}

async function runPeer(
  peer: CollectorPeer,
  database: BenchDatabase,
  sender: Sender,
  { size, folder }: Workbench,
): Promise<PeerRun> {
  const running = await peer.start(database, folder)
  await sleep(SETTLE_MS)
  const meter = new CpuMeter(running.pids)
  meter.start()
  const serverBefore = database.readServerCpu('all but own')
  const count = Math.ceil(size.peers.rows / V5_STREAM.flowsPerDatagram)
  const sent = await sender.send({ port: running.port, rate: size.peers.rate, count })
  const flows = sent.count * V5_STREAM.flowsPerDatagram
  await waitUntilStored(running, flows, size.peers.restMs)
  // What it has not stored yet, it stores now.
  const stored = await running.stop()
  return {
    own: perMillion(0, meter.stop(), flows),
    server: perMillion(serverBefore, database.readServerCpu('all but own'), flows),
    lostShare: 1 - stored / flows,
  }
}

/** Waits until all are stored, or no more have come for a while; or, where nobody can tell, a second. */
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
    [COLUMNS.all]: figure(
      runs.map(({ own, server }) => (own ?? Number.NaN) + (server ?? Number.NaN)),
      2,
    ),
    [COLUMNS.own]: figure(
      runs.map(({ own }) => own),
      2,
    ),
    [COLUMNS.server]: figure(
      runs.map(({ server }) => server),
      2,
    ),
    [COLUMNS.lost]: figure(
      runs.map(({ lostShare }) => lostShare * 100),
      2,
    ),
  }
  return { name, figures }
}
