/** The replay of pipe lines at full speed, in turns with the same lines brought into the pipe by cat. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { endProcess } from '../measure/end-process.ts'
import { interleave } from '../measure/interleave.ts'
import { ratiosOf } from '../measure/spread.ts'
import { BenchWriter, type Feeder, type WriterRun } from '../measure/writer-run.ts'
import { type LineFile, writeLineFiles } from '../traffic/line-file.ts'
import type { ReplayAnswer } from '../traffic/replay-process.ts'
import { type SampleStream, V5_SINGLE_STREAM, V5_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

const LANES = 2
/** Lines with many flows take as long with fewer of them. */
const FEWER = 4
const PROCESS = fileURLToPath(new URL('../traffic/replay-process.js', import.meta.url))

export const REPLAY: Instrument = {
  id: 'replay',
  title: 'Replay: lines of a file at full speed, compared with cat',
  rowTitle: 'stream',
  isQuick: false,
  measure: async (workbench) => {
    const { lines, rounds } = workbench.size.replay
    return {
      rows: await BenchDatabase.with(async (database) => [
        await measureStream({ workbench, database, stream: V5_STREAM }),
        await measureStream({ workbench, database, stream: V5_SINGLE_STREAM }),
      ]),
      note:
        'Rows per second up to the commit, by the same writer. The replay leaves reports out, counts ' +
        `lines, and gives way to a collector before each write. ${lines.toLocaleString('en')} lines ` +
        `of one flow each, or a quarter of these flows in lines of 30; ${rounds} rounds.`,
    }
  },
}

interface Measurement {
  readonly workbench: Workbench
  readonly database: BenchDatabase
  readonly stream: SampleStream
}

async function measureStream({ workbench, database, stream }: Measurement): Promise<BenchRow> {
  const { folder, progress, size } = workbench
  const { lines, rounds, warmUpLines } = size.replay
  const rows = stream.flowsPerDatagram === 1 ? lines : lines / FEWER
  const paths = Array.from({ length: rounds + 1 }, (_, round) =>
    join(folder, `replay-${round}.jsonl`),
  )
  const files = [
    ...(await writeLineFiles(paths.slice(0, 1), stream, warmUpLines)),
    ...(await writeLineFiles(paths.slice(1), stream, rows)),
  ]
  const cpuSeconds: number[] = []
  const feedByReplay = (path: string, pipe: string) => startReplay([path, pipe], cpuSeconds)
  await database.empty('all')
  const writer = await BenchWriter.start({ database, folder, lanes: LANES })
  const load = (feed?: typeof feedByReplay) => async (round: number) => {
    const file = files[round] as LineFile
    await database.empty('flows')
    const run = await writer.load(file, feed)
    await database.checkFlows(file.flows)
    return run
  }
  try {
    const results = await interleave<'cat' | 'replay', WriterRun>(
      { cat: load(), replay: load(feedByReplay) },
      {
        ...{ rounds, warmUp: warmUpLines > 0 },
        onTurn: (text) => progress(`${stream.name}: ${text}`),
      },
    )
    const replayed = figureOf(results.replay, 0, (run) => run.rowsPerSecond)
    const direct = figureOf(results.cat, 0, (run) => run.rowsPerSecond)
    const ratio = figure(ratiosOf(replayed.samples, direct.samples), 2)
    const million = (files[1] as LineFile).flows / stream.flowsPerDatagram / 1e6
    const measured = cpuSeconds.slice(-rounds).map((seconds) => seconds / million)
    return {
      name: stream.name,
      figures: {
        'of cat': ratio,
        'rows/s': replayed,
        'cat rows/s': direct,
        'replay CPU s/M lines': figure(measured, 2),
        'writer CPU s/M flows': figureOf(results.replay, 2, (run) => run.writerCpu),
        'PostgreSQL CPU s/M flows': figureOf(results.replay, 2, (run) => run.serverCpu),
      },
    }
  } finally {
    await writer.stop()
  }
}

/** @param cpuSeconds gets the CPU seconds of the replay when it has ended */
async function startReplay(args: readonly string[], cpuSeconds: number[]): Promise<Feeder> {
  const child = fork(PROCESS, args)
  const [ready] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (typeof ready !== 'object') throw new Error(`the replay has exited with ${ready}`)
  child.on('message', ({ cpuSeconds: seconds }: ReplayAnswer) => {
    if (seconds !== undefined) cpuSeconds.push(seconds)
  })
  return { begin: () => child.send({}), end: () => void endProcess(child) }
}
