/** The time from sending a datagram until its row is visible in SQL, through both processes. */

import { startPipeline } from '../../helpers/pipeline.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { quantile } from '../measure/spread.ts'
import { sendPaced } from '../traffic/paced-sender.ts'
import { V5_SINGLE_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument } from './instrument.ts'

const POLL_MS = 2
const STALLED_MS = 20_000
/** The first datagrams register the exporter and get code compiled. */
const WARM_UP_SECONDS = 0.5

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly pollMs: number
}

/** One row: datagrams per second, and the writer's flush interval. */
interface LatencyCase {
  readonly rate: number
  readonly flushMs: number
}

export const LATENCY: Instrument = {
  id: 'latency',
  title: 'Latency: from sending a datagram to its row in SQL',
  rowTitle: 'datagrams/s, FLUSH_INTERVAL_MS',
  isQuick: true,
  measure: async ({ size, progress }) => {
    const { rates, flushIntervalsMs, seconds, rounds } = size.latency
    const cases = rates.flatMap((rate) => flushIntervalsMs.map((flushMs) => ({ rate, flushMs })))
    const variants = cases.map((one) => [nameOf(one), () => measureLatency(one, seconds)] as const)
    const results = await interleave(Object.fromEntries(variants), {
      rounds,
      warmUp: false,
      onTurn: progress,
    })
    return {
      rows: cases.map(nameOf).map((name) => describe(name, results[name] ?? [])),
      note:
        'One flow per datagram. A query asks for the number of committed flows all the time; a row ' +
        'counts as seen when the answer arrives.',
    }
  },
}

function nameOf({ rate, flushMs }: LatencyCase): string {
  return `${rate.toLocaleString('en')}, ${flushMs.toLocaleString('en')}`
}

function describe(name: string, latencies: readonly Latency[]): BenchRow {
  const figures = {
    'p50 ms': figureOf(latencies, 0, ({ p50 }) => p50),
    'p99 ms': figureOf(latencies, 0, ({ p99 }) => p99),
    'max ms': figureOf(latencies, 0, ({ max }) => max),
    'asked every ms': figureOf(latencies, 1, ({ pollMs }) => pollMs),
  }
  return { name, figures }
}

function measureLatency({ rate, flushMs }: LatencyCase, seconds: number): Promise<Latency> {
  return BenchDatabase.with(async (database) => {
    const pipeline = await startPipeline({
      databaseUrl: database.url,
      environment: { FLUSH_INTERVAL_MS: String(flushMs), LOG_LEVEL: 'warn' },
    })
    try {
      return await timeFlows(database, pipeline.port, rate, seconds)
    } finally {
      await pipeline.stop()
    }
  })
}

/** Sends datagrams of one flow each, and returns when their rows were seen. */
export async function timeFlows(
  database: BenchDatabase,
  port: number,
  rate: number,
  seconds: number,
): Promise<Latency> {
  const warmUp = Math.ceil(rate * WARM_UP_SECONDS)
  const count = warmUp + Math.ceil(rate * seconds)
  const sentAt = new Float64Array(count)
  const latencies: number[] = []
  let seen = 0
  const started = performance.now()
  const watching = database.watchFlows({
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
  const onSend = (index: number) => {
    sentAt[index] = performance.now()
  }
  await sendPaced({ port, count, rate, datagram: V5_SINGLE_STREAM.datagram, onSend })
  const polls = await watching
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: quantile(latencies, 1),
    pollMs: (performance.now() - started) / polls,
  }
}
