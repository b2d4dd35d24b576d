/** Has an exporter read a capture and export it to a pipeline. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeCapture, type FlowSum, sumFlows } from '../../helpers/packet-capture.ts'
import { type Pipeline, QUICK, startPipeline } from '../../helpers/pipeline.ts'
import { runExporter } from './programs.ts'
import { type SampleOptions, sampleTraffic } from './sample-traffic.ts'
import { waitForFlows } from './stored-flows.ts'

export interface Replay {
  readonly program: string
  readonly families: SampleOptions['families']
  readonly lookups?: number
  /** Returns the arguments; may write files for the exporter into `folder`. */
  readonly argumentsFor: (place: ReplayPlace) => Promise<readonly string[]> | readonly string[]
  /** Asserts what was stored. */
  readonly check: (result: ReplayResult) => Promise<void>
}

export interface ReplayPlace {
  /** The exporter's working folder, removed afterwards. */
  readonly folder: string
  readonly capturePath: string
  /** The collector's port on 127.0.0.1. */
  readonly port: number
}

export interface ReplayResult {
  readonly pipeline: Pipeline
  readonly stored: ReadonlyMap<string, FlowSum>
  readonly truth: ReadonlyMap<string, FlowSum>
}

/** Old enough to tell packet times from the times of the export. */
const CAPTURE_AGE_MS = 3_600_000

/** Runs the exporter over the sample traffic, waits for the rows, and has them checked. */
export async function replayCapture(replay: Replay): Promise<void> {
  const startMs = Math.floor((Date.now() - CAPTURE_AGE_MS) / 1000) * 1000 + 250
  const { families, lookups = 0 } = replay
  const packets = sampleTraffic({ startMs, families, lookups })
  const truth = sumFlows(packets)
  const pipeline = await startPipeline({ environment: QUICK })
  try {
    const { folder, port } = pipeline
    const capturePath = join(folder, 'sample.pcap')
    await writeFile(capturePath, encodeCapture(packets))
    const args = await replay.argumentsFor({ folder, capturePath, port })
    await runExporter(replay.program, args, folder)
    const stored = await waitForFlows(pipeline, truth)
    await replay.check({ pipeline, stored, truth })
  } finally {
    await pipeline.stop()
  }
}
