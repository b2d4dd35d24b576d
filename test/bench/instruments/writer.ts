/**
 * The writer from a file of pipe lines to committed rows, beside a bare binary COPY of the same rows,
 * in turns.
 */

import { join } from 'node:path'
import { type CopyRun, runBareCopy } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { readCopyImage, splitCopyImage } from '../measure/copy-image.ts'
import { interleave } from '../measure/interleave.ts'
import { median, ratiosOf } from '../measure/spread.ts'
import { BenchWriter, checkRows, runWriter, type WriterRun } from '../measure/writer-run.ts'
import { BATCH_ROWS, type LineFile, writeLineFiles } from '../traffic/line-file.ts'
import { IPFIX_EXTRA_STREAM } from '../traffic/sample-ipfix.ts'
import {
  type SampleStream,
  V5_SINGLE_STREAM,
  V5_STREAM,
  V9_STREAM,
} from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

const LANES = [1, 2] as const
const STREAMS = [V5_STREAM, V9_STREAM, IPFIX_EXTRA_STREAM, V5_SINGLE_STREAM]
const COLUMNS = {
  ratio: 'of bare COPY',
  rows: 'rows/s',
  copyRows: 'bare COPY rows/s',
  writerCpu: 'writer CPU s/M',
  serverCpu: 'server CPU s/M',
  copyCpu: 'bare COPY server CPU s/M',
} as const

export const WRITER_BENCH: Instrument = {
  id: 'writer',
  isQuick: true,
  measure: async (workbench) => {
    const rows: BenchRow[] = []
    for (const stream of STREAMS.slice(0, workbench.size.writer.streams)) {
      rows.push(...(await measureStream(workbench, stream)))
    }
    return {
      id: 'writer',
      title: 'Writer: from lines in the pipe to committed rows',
      rowTitle: 'stream, lanes',
      columns: Object.values(COLUMNS),
      rows,
      note:
        "Of bare COPY: the writer's rows per second divided by those of one connection that copies " +
        'the same rows, encoded before, into an equal empty table, in one COPY or in batches of ' +
        '20,000, whichever is faster. It copies into the table, as everybody would, the writer ' +
        'straight into the partition. The same two writers go through all rounds; one more before them is ' +
        'not counted, as a fresh process compiles its code then. CPU is in seconds a million flows.',
    }
  },
}

async function measureStream(workbench: Workbench, stream: SampleStream): Promise<BenchRow[]> {
  const { size, folder, progress } = workbench
  const database = await BenchDatabase.create()
  const writers: BenchWriter[] = []
  try {
    const files = await writeRounds(workbench, stream)
    await runWriter({ database, lines: files[0] as LineFile, folder, lanes: 1 })
    const image = await readCopyImage(database.client, 'select * from flows')
    const batches = splitCopyImage(image, BATCH_ROWS)
    for (const lanes of LANES) writers.push(await BenchWriter.start({ database, folder, lanes }))
    const load = (writer: BenchWriter) => async (round: number) => {
      const lines = files[round] as LineFile
      await database.empty('flows')
      const run = await writer.load(lines)
      await checkRows(database, lines.flows)
      return run
    }
    const results = await interleave<string, WriterRun | CopyRun>({
      rounds: size.rounds,
      warmUp: size.warmUp,
      variants: {
        'one COPY': () => runBareCopy(database, [image]),
        'COPY in batches': () => runBareCopy(database, batches),
        ...Object.fromEntries(
          writers.map((writer, index) => [writerName(LANES[index] as number), load(writer)]),
        ),
      },
      onTurn: (name, round) =>
        progress(`${stream.name}: ${name}, round ${round} of ${size.rounds}`),
    })
    const copies = [results['one COPY'], results['COPY in batches']] as CopyRun[][]
    const copy = copies.reduce((a, b) => (medianSpeed(a) > medianSpeed(b) ? a : b))
    return LANES.map((lanes) =>
      describe(`${stream.name}, ${lanes}`, results[writerName(lanes)] as WriterRun[], copy),
    )
  } finally {
    for (const writer of writers) await writer.stop()
    await database.drop()
  }
}

/** Writes a file of lines for each round, and for the one before them. */
function writeRounds({ size, folder }: Workbench, stream: SampleStream): Promise<LineFile[]> {
  // One flow a datagram is slow by nature; its figures need fewer rows.
  const rows = size.writer.rows * (stream.flowsPerDatagram === 1 ? 1 / 4 : 1)
  const paths = Array.from({ length: size.rounds + 1 }, (_, round) =>
    join(folder, `round-${round}.jsonl`),
  )
  return writeLineFiles(paths, stream, rows)
}

function writerName(lanes: number): string {
  return `writer, lanes: ${lanes}`
}

function medianSpeed(runs: readonly CopyRun[]): number {
  return median(runs.map(({ rowsPerSecond }) => rowsPerSecond))
}

function describe(name: string, writer: readonly WriterRun[], copy: readonly CopyRun[]): BenchRow {
  const speeds = writer.map(({ rowsPerSecond }) => rowsPerSecond)
  const copySpeeds = copy.map(({ rowsPerSecond }) => rowsPerSecond)
  const figures = {
    [COLUMNS.ratio]: figure(ratiosOf(speeds, copySpeeds), 2),
    [COLUMNS.rows]: figure(speeds, 0),
    [COLUMNS.copyRows]: figure(copySpeeds, 0),
    [COLUMNS.writerCpu]: figure(
      writer.map(({ writerCpu }) => writerCpu),
      2,
    ),
    [COLUMNS.serverCpu]: figure(
      writer.map(({ serverCpu }) => serverCpu),
      2,
    ),
    [COLUMNS.copyCpu]: figure(
      copy.map(({ serverCpu }) => serverCpu),
      2,
    ),
  }
  return { name, figures }
}
