/**
 * The writer from a file of pipe lines to committed rows, in turns with a bare binary COPY of the
 * same rows.
 */

import { join } from 'node:path'
import { type CopyRun, readCopyImage, runBareCopy, splitCopyImage } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { median, ratiosOf } from '../measure/spread.ts'
import { BenchWriter, runWriter, type WriterRun } from '../measure/writer-run.ts'
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

export const WRITER: Instrument = {
  id: 'writer',
  title: 'Writer: from lines in the pipe to committed rows',
  rowTitle: 'stream, lanes',
  isQuick: true,
  measure: async (workbench) => {
    const rows: BenchRow[] = []
    for (const stream of STREAMS.slice(0, workbench.size.writer.streams)) {
      rows.push(
        ...(await BenchDatabase.with((database) => measureStream(workbench, stream, database))),
      )
    }
    return {
      rows,
      note:
        '"Of bare COPY" divides the rows per second of the writer by those of one connection. That ' +
        'connection copies the same rows, encoded in advance, into an equal empty table: in one COPY ' +
        'or in batches of 20,000, whichever is faster. It copies into the parent table, the writer ' +
        'into the partition. The same two writers go through all rounds, after one that only warms ' +
        'up. CPU is in seconds per million flows.',
    }
  },
}

async function measureStream(
  workbench: Workbench,
  stream: SampleStream,
  database: BenchDatabase,
): Promise<BenchRow[]> {
  const { size, folder, progress } = workbench
  const files = await writeRounds(workbench, stream)
  await runWriter({ database, lines: files[0] as LineFile, folder, lanes: 1 })
  const image = await readCopyImage(database.client, 'select * from flows')
  const batches = splitCopyImage(image, BATCH_ROWS)
  const load = (writer: BenchWriter) => async (round: number) => {
    const lines = files[round] as LineFile
    await database.empty('flows')
    const run = await writer.load(lines)
    await database.checkFlows(lines.flows)
    return run
  }
  const writers: BenchWriter[] = []
  try {
    for (const lanes of LANES) writers.push(await BenchWriter.start({ database, folder, lanes }))
    const results = await interleave<string, WriterRun | CopyRun>(
      {
        'one COPY': () => runBareCopy(database, [image]),
        'COPY in batches': () => runBareCopy(database, batches),
        ...Object.fromEntries(
          writers.map((writer, index) => [writerName(LANES[index] as number), load(writer)]),
        ),
      },
      { ...size, onTurn: (text) => progress(`${stream.name}: ${text}`) },
    )
    const copies = [results['one COPY'], results['COPY in batches']] as CopyRun[][]
    const copy = copies.reduce((a, b) => (medianSpeed(a) > medianSpeed(b) ? a : b))
    return LANES.map((lanes) =>
      describe(`${stream.name}, ${lanes}`, results[writerName(lanes)] as WriterRun[], copy),
    )
  } finally {
    for (const writer of writers) await writer.stop()
  }
}

/** Writes a file of lines for each round, and one for warming up. */
function writeRounds({ size, folder }: Workbench, stream: SampleStream): Promise<LineFile[]> {
  // One flow per datagram is slow, so fewer rows give an exact figure.
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
  const rows = figureOf(writer, 0, (run) => run.rowsPerSecond)
  const copyRows = figureOf(copy, 0, (run) => run.rowsPerSecond)
  const figures = {
    'of bare COPY': figure(ratiosOf(rows.samples, copyRows.samples), 2),
    'rows/s': rows,
    'bare COPY rows/s': copyRows,
    'writer CPU s/M': figureOf(writer, 2, (run) => run.writerCpu),
    'server CPU s/M': figureOf(writer, 2, (run) => run.serverCpu),
    'bare COPY server CPU s/M': figureOf(copy, 2, (run) => run.serverCpu),
  }
  return { name, figures }
}
