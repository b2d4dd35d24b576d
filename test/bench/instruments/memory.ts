/** The memory of both processes at full load: its peak, and its growth. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Pipeline, startPipeline } from '../../helpers/pipeline.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { readMemory } from '../measure/process-usage.ts'
import { V5_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

const POLL_MS = 20
const STALLED_MS = 30_000
/** Datagrams that are sent and not yet committed: a few batches, less than the socket's buffer. */
const WINDOW = 3_000
/** Datagrams per millisecond at most. */
const BURST = 30
const DIFFERENT_DATAGRAMS = 5_000
/** Offset of the sequence number in a v5 header. */
const V5_SEQUENCE_OFFSET = 16
const ROLES = ['collector', 'writer'] as const

/** The memory of a process at one time. */
interface MemorySample {
  readonly flows: number
  readonly rssMib: number
  readonly peakMib: number
}

type Samples = Record<(typeof ROLES)[number], MemorySample[]>

export const MEMORY: Instrument = {
  id: 'memory',
  title: 'Memory at full load',
  rowTitle: 'process',
  isQuick: true,
  measure: (workbench) =>
    BenchDatabase.with(async (database) => {
      const environment = { LOG_LEVEL: 'warn' }
      const pipeline = await startPipeline({ databaseUrl: database.url, environment })
      try {
        const { samples, flowsPerSecond } = await runAtFullLoad(database, pipeline, workbench)
        return {
          rows: ROLES.map((role) => describe(role, samples[role])),
          note:
            `${workbench.size.memoryRows.toLocaleString('en')} flows of v5, 30 per datagram, over ` +
            `UDP at ${flowsPerSecond.toLocaleString('en')} flows/s: the sender waits until all but ` +
            `${WINDOW.toLocaleString('en')} datagrams are committed. The growth is the slope of a ` +
            'line fitted to all samples of the second half.',
        }
      } finally {
        await pipeline.stop()
      }
    }),
}

async function runAtFullLoad(
  database: BenchDatabase,
  pipeline: Pipeline,
  { size, progress }: Workbench,
) {
  const count = Math.ceil(size.memoryRows / V5_STREAM.flowsPerDatagram)
  const flows = count * V5_STREAM.flowsPerDatagram
  const samples: Samples = { collector: [], writer: [] }
  const window = { committed: 0 }
  let reported = 0
  const started = performance.now()
  const sending = sendWithinWindow(pipeline.port, count, window)
  const onSeen = (seen: number) => {
    window.committed = Math.floor(seen / V5_STREAM.flowsPerDatagram)
    for (const role of ROLES) {
      const usage = readMemory(pipeline[role].pid as number)
      if (!usage) continue
      const [rssMib, peakMib] = [usage.rssBytes / 2 ** 20, usage.peakRssBytes / 2 ** 20]
      samples[role].push({ flows: seen, rssMib, peakMib })
    }
    if (seen - reported < flows / 10) return
    progress(`${seen.toLocaleString('en')} flows`)
    reported = seen
  }
  const watch = { until: flows, pollMs: POLL_MS, stalledMs: STALLED_MS, onSeen }
  await Promise.all([sending, database.watchFlows(watch)])
  const flowsPerSecond = Math.round((flows / (performance.now() - started)) * 1_000)
  return { samples, flowsPerSecond }
}

/** Sends as fast as earlier datagrams are committed. */
async function sendWithinWindow(
  port: number,
  count: number,
  window: { readonly committed: number },
): Promise<void> {
  const pool = Array.from({ length: DIFFERENT_DATAGRAMS }, (_, index) => V5_STREAM.datagram(index))
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  for (let sent = 0; sent < count; ) {
    const end = Math.min(count, window.committed + WINDOW, sent + BURST)
    for (; sent < end; sent++) {
      // The socket owns a buffer until it is sent, so each datagram is a copy.
      const datagram = Buffer.from(pool[sent % pool.length] as Buffer)
      datagram.writeUInt32BE((sent * V5_STREAM.flowsPerDatagram) % 2 ** 32, V5_SEQUENCE_OFFSET)
      socket.send(datagram)
    }
    await sleep(1)
  }
  socket.close()
}

function describe(name: string, samples: readonly MemorySample[]): BenchRow {
  const part = (from: number, to: number) =>
    samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to))
  const rss = (some: readonly MemorySample[]) => some.map(({ rssMib }) => rssMib)
  const figures = {
    'peak RSS MiB': figure([samples.at(-1)?.peakMib], 0),
    'RSS MiB, second fifth': figure(rss(part(0.2, 0.4)), 0),
    'RSS MiB, last fifth': figure(rss(part(0.8, 1)), 0),
    'growth MiB/M flows, second half': figure([slopeOf(part(0.5, 1))], 1),
  }
  return { name, figures }
}

/** Returns the slope of the straight line that fits best: MiB per million flows. */
function slopeOf(samples: readonly MemorySample[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const meanFlows = mean(samples.map(({ flows }) => flows))
  const meanRss = mean(samples.map(({ rssMib }) => rssMib))
  let products = 0
  let squares = 0
  for (const { flows, rssMib } of samples) {
    products += (flows - meanFlows) * (rssMib - meanRss)
    squares += (flows - meanFlows) ** 2
  }
  return (products / squares) * 1e6
}
