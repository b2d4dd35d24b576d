/** The price of rollups: on the way of a batch, and in the background. */

import { join } from 'node:path'
import type { CopyImage, CopyRun } from '../measure/bare-copy.ts'
import { copyImages, perMillion, readCopyImage, splitCopyImage } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { settleRollups } from '../measure/settle-rollups.ts'
import { ratiosOf } from '../measure/spread.ts'
import { runWriter, type WriterRun } from '../measure/writer-run.ts'
import { BATCH_ROWS, type LineFile, RECEIVED_AT_MS, writeLineFile } from '../traffic/line-file.ts'
import { V9_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

/** A batch of 20,000 rows has a minute of its own. */
const LINES_A_MS = BATCH_ROWS / V9_STREAM.flowsPerDatagram / 60_000
const LIST = `insert into rollup_dirty (level, bucket)
  select 0, to_timestamp(minute * 60) from unnest('{29833333}'::bigint[]) as minute`
const BYTES = `select sum(total_bytes)::float8 as bytes from rollup_status`

export const ROLLUPS: Instrument = {
  id: 'rollups',
  title: 'Rollups: their price on the way of a batch, and in the background',
  rowTitle: 'what',
  isQuick: true,
  measure: (workbench) => BenchDatabase.with((database) => measureRollups(workbench, database)),
}

async function measureRollups(workbench: Workbench, database: BenchDatabase) {
  const { size, folder, progress } = workbench
  const path = join(folder, 'rollups.jsonl')
  const lines = await writeLineFile(path, V9_STREAM, size.rollups.rows, LINES_A_MS)
  const load = (rollups: boolean) => () => runWriter({ database, lines, folder, lanes: 1, rollups })
  await load(false)()
  const image = await readCopyImage(database.client, 'select * from flows')
  const images = splitCopyImage(image, BATCH_ROWS)
  const options = { rounds: size.rounds, warmUp: size.warmUp, onTurn: progress }
  const copies = await interleave(
    { alone: () => copy(database, images, false), listed: () => copy(database, images, true) },
    options,
  )
  const writers = await interleave({ off: load(false), on: load(true) }, options)
  const jobs = await interleave({ job: () => computeAll(database, lines, load(false)) }, options)
  return {
    rows: [
      compare('COPY that lists its minutes', copies.listed, copies.alone),
      compare('a writer whose job works as well', writers.on, writers.off),
      describeJob(jobs.job),
    ],
    note:
      `${size.rollups.rows.toLocaleString('en')} flows of v9 with 24 fields, 20,000 a minute, in ` +
      'batches of 20,000 over one connection. The first row is the loading path alone. The second one ' +
      'has the job computing on the same processors, at half speed while batches wait. The third one ' +
      'is the job alone: minutes, hours, and days with all lists of one exporter.',
  }
}

async function copy(
  database: BenchDatabase,
  images: readonly CopyImage[],
  isListed: boolean,
): Promise<CopyRun> {
  await database.empty('flows')
  await database.client.query('truncate rollup_dirty')
  const rows = images.reduce((sum, image) => sum + image.rows, 0)
  const cpuBefore = database.readServerCpu()
  const started = performance.now()
  for (const image of images) {
    await database.client.query('begin')
    await copyImages(database, 'flows', [image])
    if (isListed) await database.client.query(LIST)
    await database.client.query('commit')
  }
  const seconds = (performance.now() - started) / 1000
  const serverCpu = perMillion(cpuBefore, database.readServerCpu(), rows)
  return { rowsPerSecond: rows / seconds, serverCpu }
}

interface JobRun {
  readonly seconds: number
  readonly serverCpu: number | undefined
  readonly flows: number
  readonly bytes: number
}

async function computeAll(
  database: BenchDatabase,
  lines: LineFile,
  load: () => Promise<WriterRun>,
): Promise<JobRun> {
  await database.client.query(
    'truncate rollup_dirty, rollup_minute, rollup_hour, rollup_day, rollup_lists',
  )
  await load()
  const before = database.readServerCpu()
  const started = performance.now()
  await settleRollups(database.url, RECEIVED_AT_MS)
  const seconds = (performance.now() - started) / 1000
  const { rows } = await database.client.query(BYTES)
  const serverCpu = perMillion(before, database.readServerCpu(), lines.flows)
  return { seconds, serverCpu, flows: lines.flows, bytes: rows[0]?.bytes }
}

function compare(
  name: string,
  runs: readonly (CopyRun | WriterRun)[],
  base: readonly (CopyRun | WriterRun)[],
): BenchRow {
  const speeds = figureOf(runs, 0, (run) => run.rowsPerSecond)
  const baseSpeeds = figureOf(base, 0, (run) => run.rowsPerSecond)
  return {
    name,
    figures: {
      'of the speed without': figure(ratiosOf(speeds.samples, baseSpeeds.samples), 2),
      'rows/s': speeds,
      'server CPU s/M': figureOf(runs, 2, (run) => run.serverCpu),
    },
  }
}

function describeJob(runs: readonly JobRun[]): BenchRow {
  return {
    name: 'the job',
    figures: {
      'rows/s': figureOf(runs, 0, (run) => run.flows / run.seconds),
      'server CPU s/M': figureOf(runs, 2, (run) => run.serverCpu),
      'bytes a flow': figureOf(runs, 2, (run) => run.bytes / run.flows),
    },
  }
}
