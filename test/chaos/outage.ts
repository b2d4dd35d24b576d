/** An outage: the database is away for the whole sending, and what the writer's memory does meanwhile. */

import { readMemory } from '../bench/measure/process-usage.ts'
import { ChaosPipeline } from './chaos-pipeline.ts'

export interface OutageOptions {
  readonly datagrams: number
  readonly datagramsPerSecond: number
  readonly progress: (text: string) => void
}

export interface OutageReport {
  /** Problems; empty when there are none. */
  readonly problems: readonly string[]
  readonly storedFlows: number
  readonly kernelDropped: number
  /**
   * Resident memory of the writer: before the outage, at its end, when all was loaded, and at most;
   * undefined where the system does not report it.
   */
  readonly writerBytes: {
    readonly before: number | undefined
    readonly during: number | undefined
    readonly after: number | undefined
    readonly peak: number | undefined
  }
  readonly awaySeconds: number
  readonly catchUpSeconds: number
  readonly journalPeakBytes: number
}

export async function runOutage(options: OutageOptions): Promise<OutageReport> {
  const chaos = await ChaosPipeline.start()
  try {
    return await endure(chaos, options)
  } finally {
    await chaos.stop()
  }
}

async function endure(chaos: ChaosPipeline, options: OutageOptions): Promise<OutageReport> {
  const { traffic, server, pipeline } = chaos
  const { datagrams, datagramsPerSecond, progress } = options
  // After one load, all code is compiled and all buffers are made.
  await traffic.send(Math.min(datagrams / 4, 10_000), datagramsPerSecond)
  const pid = pipeline.writer.pid ?? 0
  const before = readMemory(pid)?.rssBytes
  await server.stop('fast')
  progress('the database is away')
  const stoppedAt = performance.now()
  await traffic.send(datagrams, datagramsPerSecond)
  const during = readMemory(pid)?.rssBytes
  progress(`${traffic.sentDatagrams} datagrams sent; the database comes back`)
  await server.restart()
  const backAt = performance.now()
  await traffic.finish()
  const loading = await chaos.finishLoading()
  const loadedAt = performance.now()
  const memory = readMemory(pid)
  const ending = await chaos.finishWriter()
  const verdict = await chaos.judge()
  return {
    ...verdict,
    problems: [...loading, ...ending, ...verdict.problems],
    writerBytes: { before, during, after: memory?.rssBytes, peak: memory?.peakRssBytes },
    awaySeconds: (backAt - stoppedAt) / 1_000,
    catchUpSeconds: (loadedAt - backAt) / 1_000,
    journalPeakBytes: chaos.journalPeakBytes,
  }
}
