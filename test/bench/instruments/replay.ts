/** The replay of pipe lines at full speed, in turns with the same lines brought into the pipe by cat. */

import { join } from 'node:path'
import { CaptureFile } from '../../../console/capture/capture-file.ts'
import { Pacer } from '../../../console/replay/pacer.ts'
import { PipeTarget } from '../../../console/replay/pipe-target.ts'
import { Replay } from '../../../console/replay/replay.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { ratiosOf } from '../measure/spread.ts'
import { BenchWriter, type Feeder, type WriterRun } from '../measure/writer-run.ts'
import { type LineFile, writeLineFiles } from '../traffic/line-file.ts'
import { type SampleStream, V5_SINGLE_STREAM, V5_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

const LANES = 2

export const REPLAY: Instrument = {
  id: 'replay',
  title: 'Replay: lines of a file at full speed, compared with cat',
  rowTitle: 'stream',
  isQuick: false,
  measure: async (workbench) => ({
    rows: await BenchDatabase.with(async (database) => [
      await measureStream(workbench, V5_STREAM, database),
      await measureStream(workbench, V5_SINGLE_STREAM, database),
    ]),
    note:
      'Rows per second up to the commit, by the same writer. The replay leaves reports out, counts ' +
      'lines, and gives way to a collector before each write.',
  }),
}

async function measureStream(
  { size, folder, progress }: Workbench,
  stream: SampleStream,
  database: BenchDatabase,
): Promise<BenchRow> {
  const rows = size.writer.rows / (stream.flowsPerDatagram === 1 ? 4 : 1)
  const paths = Array.from({ length: size.rounds + 1 }, (_, round) =>
    join(folder, `replay-${round}.jsonl`),
  )
  const files = await writeLineFiles(paths, stream, rows)
  await database.empty('all')
  const writer = await BenchWriter.start({ database, folder, lanes: LANES })
  const load = (feed?: typeof feedByReplay) => async (round: number) => {
    const lines = files[round] as LineFile
    await database.empty('flows')
    const run = await writer.load(lines, feed)
    await database.checkFlows(lines.flows)
    return run
  }
  try {
    const results = await interleave<'cat' | 'replay', WriterRun>(
      { cat: load(), replay: load(feedByReplay) },
      { ...size, onTurn: (text) => progress(`${stream.name}: ${text}`) },
    )
    const replayed = figureOf(results.replay, 0, (run) => run.rowsPerSecond)
    const direct = figureOf(results.cat, 0, (run) => run.rowsPerSecond)
    const ratio = figure(ratiosOf(replayed.samples, direct.samples), 2)
    return {
      name: stream.name,
      figures: { 'of cat': ratio, 'rows/s': replayed, 'cat rows/s': direct },
    }
  } finally {
    await writer.stop()
  }
}

async function feedByReplay(path: string, pipe: string): Promise<Feeder> {
  const target = new PipeTarget({ path: pipe, onStall: () => {} })
  await target.open()
  const controller = new AbortController()
  const replay = new Replay({
    ...{ target, pacer: new Pacer(0), isPaced: false, exporter: undefined },
    ...{ signal: controller.signal, onProgress: () => {} },
  })
  const run = async () => {
    await replay.run(await CaptureFile.open({ path }))
    await target.close()
  }
  return { begin: () => void run(), end: () => controller.abort() }
}
