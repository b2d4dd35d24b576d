/**
 * A storm: traffic at full rate while everything that can be stopped, killed or cut is, at random
 * moments, and then the account of every single flow.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { ChaosPipeline } from './chaos-pipeline.ts'
import { type FaultKind, StormFaults } from './storm-faults.ts'

export interface StormOptions {
  readonly seconds: number
  readonly datagramsPerSecond: number
  readonly seed: number
  readonly progress: (text: string) => void
}

export interface StormReport {
  /** Problems; empty when there are none. */
  readonly problems: readonly string[]
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly sentDatagrams: number
  readonly storedFlows: number
  readonly kernelDropped: number
  readonly sendSeconds: number
  /** From the last datagram until everything was stored. */
  readonly catchUpSeconds: number
  readonly journalPeakBytes: number
}

/** Small segments, and batches that are full before they are old: the two end at different places. */
const WRITER_SETTINGS = {
  BATCH_ROWS: '600',
  FLUSH_INTERVAL_MS: '200',
  JOURNAL_SEGMENT_BYTES: '1048576',
}
const PROGRESS_MS = 5_000

export async function runStorm(options: StormOptions): Promise<StormReport> {
  const chaos = await ChaosPipeline.start({ environment: WRITER_SETTINGS, throughProxy: true })
  const faults = new Map<FaultKind, number>()
  const started = performance.now()
  const telling = setInterval(() => {
    const total = [...faults.values()].reduce((sum, count) => sum + count, 0)
    const seconds = Math.round((performance.now() - started) / 1_000)
    const megabytes = (chaos.readJournal().bytes / 1e6).toFixed(1)
    const { sentDatagrams } = chaos.traffic
    options.progress(
      `${seconds} s: ${sentDatagrams} datagrams, ${total} faults, journal ${megabytes} MB`,
    )
  }, PROGRESS_MS)
  try {
    return await rage(chaos, options, faults)
  } finally {
    clearInterval(telling)
    await chaos.stop()
  }
}

async function rage(
  chaos: ChaosPipeline,
  { seconds, datagramsPerSecond, seed }: StormOptions,
  faults: Map<FaultKind, number>,
): Promise<StormReport> {
  const { traffic } = chaos
  const onFault = (kind: FaultKind) => faults.set(kind, (faults.get(kind) ?? 0) + 1)
  const storm = new StormFaults({ chaos, seed, onFault })
  const started = performance.now()
  traffic.start(datagramsPerSecond)
  storm.start()
  await sleep(seconds * 1_000)
  await storm.stop()
  await traffic.finish()
  const sentAt = performance.now()
  const loading = await chaos.finishLoading()
  const storedAt = performance.now()
  const ending = await chaos.finishWriter()
  const verdict = await chaos.judge()
  return {
    ...verdict,
    problems: [...storm.unexpected, ...loading, ...ending, ...verdict.problems],
    faults,
    sentDatagrams: traffic.sentDatagrams,
    sendSeconds: (sentAt - started) / 1_000,
    catchUpSeconds: (storedAt - sentAt) / 1_000,
    journalPeakBytes: chaos.journalPeakBytes,
  }
}
