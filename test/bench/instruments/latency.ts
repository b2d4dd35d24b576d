/** How long it takes from sending a datagram until its row can be seen in SQL, through both processes. */

import { startPipeline } from '../../helpers/pipeline.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { quantile } from '../measure/spread.ts'
import { watchFlows } from '../measure/visible-flows.ts'
import { sendPaced } from '../traffic/paced-sender.ts'
import { V5_SINGLE_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument } from './instrument.ts'

const POLL_MS = 2
const STALLED_MS = 20_000
/** The first ones register the exporter and have code compiled. */
const WARM_UP_SECONDS = 0.5
const COLUMNS = { p50: 'p50 ms', p99: 'p99 ms', max: 'max ms', poll: 'asked every ms' } as const

interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly pollMs: number
}

export const LATENCY_BENCH: Instrument = {
  id: 'latency',
  isQuick: true,
  measure: async ({ size, progress }) => {
    const { rates, flushIntervalsMs, seconds, rounds } = size.latency
    const cases = rates.flatMap((rate) =>
      flushIntervalsMs.map((flushMs) => ({
        name: `${rate.toLocaleString('en')}, ${flushMs.toLocaleString('en')}`,
        measure: () => measureLatency(rate, seconds, flushMs),
      })),
    )
    const results = await interleave({
      variants: Object.fromEntries(cases.map(({ name, measure }) => [name, measure])),
      rounds,
      warmUp: false,
      onTurn: (name, round) => progress(`${name}, round ${round} of ${rounds}`),
    })
    return {
      id: 'latency',
      title: 'Latency: from sending a datagram to its row in SQL',
      rowTitle: 'datagrams/s, FLUSH_INTERVAL_MS',
      columns: Object.values(COLUMNS),
      rows: cases.map(({ name }) => describe(name, results[name] ?? [])),
      note:
        'One flow a datagram. A query asks all the time how many flows are committed; a row counts ' +
        'as seen when the answer is here.',
    }
  },
}

function describe(name: string, latencies: readonly Latency[]): BenchRow {
  const of = (key: keyof Latency, digits: number) =>
    figure(
      latencies.map((latency) => latency[key]),
      digits,
    )
  const figures = {
    [COLUMNS.p50]: of('p50', 0),
    [COLUMNS.p99]: of('p99', 0),
    [COLUMNS.max]: of('max', 0),
    [COLUMNS.poll]: of('pollMs', 1),
  }
  return { name, figures }
}

async function measureLatency(rate: number, seconds: number, flushMs: number): Promise<Latency> {
  const database = await BenchDatabase.create()
  const pipeline = await startPipeline({
    databaseUrl: database.url,
    environment: { FLUSH_INTERVAL_MS: String(flushMs), LOG_LEVEL: 'warn' },
  })
  try {
    const warmUp = Math.ceil(rate * WARM_UP_SECONDS)
    const count = warmUp + Math.ceil(rate * seconds)
    const sentAt = new Float64Array(count)
    const latencies: number[] = []
    let seen = 0
    const started = performance.now()
    const watching = watchFlows({
      database,
      until: count,
      pollMs: POLL_MS,
      stalledMs: STALLED_MS,
      onSeen: (flows) => {
        const now = performance.now()
        for (; seen < flows; seen++) {
          if (seen >= warmUp) latencies.push(now - (sentAt[seen] ?? Number.NaN))
        }
      },
    })
    await sendPaced({
      port: pipeline.port,
      count,
      rate,
      datagram: V5_SINGLE_STREAM.datagram,
      onSend: (index) => {
        sentAt[index] = performance.now()
      },
    })
    const polls = await watching
    return {
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      max: quantile(latencies, 1),
      pollMs: (performance.now() - started) / polls,
    }
  } finally {
    await pipeline.stop()
    await database.drop()
  }
}
