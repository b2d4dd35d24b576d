/** Whether the writer becomes slower with more exporters, more templates, or a fuller table. */

import { join } from 'node:path'
import { copyImages, readCopyImage, splitCopyImage } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { ratiosOf } from '../measure/spread.ts'
import { runWriter, type WriterRun } from '../measure/writer-run.ts'
import { writeLineFile } from '../traffic/line-file.ts'
import {
  type SampleStream,
  v5StreamOfExporters,
  v9StreamOfTemplates,
} from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

const LANES = 2
const COPY_ROWS = 100_000
const BASES = { v5: '1 exporter, empty table', v9: '1 template' } as const

/** One row, and the row that it is compared with. */
interface GrowthCase {
  readonly name: string
  readonly base: string
  readonly run: () => Promise<WriterRun>
}

export const GROWTH: Instrument = {
  id: 'growth',
  title: 'Growth: the cost of more exporters, templates and rows',
  rowTitle: 'case',
  isQuick: false,
  measure: (workbench) =>
    BenchDatabase.with((empty) =>
      BenchDatabase.with((filled) => measureGrowth(workbench, { empty, filled })),
    ),
}

async function measureGrowth(
  workbench: Workbench,
  databases: { readonly empty: BenchDatabase; readonly filled: BenchDatabase },
) {
  const { size, progress } = workbench
  const cases = [
    ...(await makeStreamCases(workbench, databases.empty)),
    await makeFilledCase(workbench, databases.filled),
  ]
  const variants = Object.fromEntries(cases.map(({ name, run }) => [name, run]))
  const results = await interleave(variants, { ...size, onTurn: progress })
  return {
    rows: cases.map(({ name, base }) => describe(name, results[name] ?? [], results[base] ?? [])),
    note:
      `${size.growth.rows.toLocaleString('en')} flows per round over two lanes: v5 with 30 flows ` +
      'per datagram, from all exporters in turns; v9 with one template per datagram, in turns. ' +
      'The cost of registering exporters and templates is included.',
  }
}

async function makeStreamCases(
  { size, folder }: Workbench,
  database: BenchDatabase,
): Promise<GrowthCase[]> {
  const make = async (name: string, base: string, stream: SampleStream) => {
    const path = join(folder, `${stream.name}.jsonl`)
    const lines = await writeLineFile(path, stream, size.growth.rows)
    return { name, base, run: () => runWriter({ database, lines, folder, lanes: LANES }) }
  }
  const cases = [await make(BASES.v5, BASES.v5, v5StreamOfExporters(1))]
  for (const count of size.growth.exporters) {
    const name = `${count.toLocaleString('en')} exporters`
    cases.push(await make(name, BASES.v5, v5StreamOfExporters(count)))
  }
  if (size.growth.templates.length === 0) return cases
  cases.push(await make(BASES.v9, BASES.v9, v9StreamOfTemplates(1)))
  for (const count of size.growth.templates) {
    const name = `${count.toLocaleString('en')} templates`
    cases.push(await make(name, BASES.v9, v9StreamOfTemplates(count)))
  }
  return cases
}

/** The rows of earlier rounds stay in the table; they are few compared with those before. */
async function makeFilledCase(
  { size, folder, progress }: Workbench,
  database: BenchDatabase,
): Promise<GrowthCase> {
  const { presentRows: wanted, rows } = size.growth
  const lines = await writeLineFile(join(folder, 'filled.jsonl'), v5StreamOfExporters(1), rows)
  await runWriter({ database, lines, folder, lanes: LANES })
  const image = await readCopyImage(database.client, 'select * from flows')
  const images = splitCopyImage(image, COPY_ROWS)
  let presentRows = lines.flows
  while (presentRows < wanted) {
    progress(`filling the table: ${presentRows.toLocaleString('en')} rows`)
    await copyImages(database, 'flows', images)
    presentRows += image.rows
  }
  const run = async () => {
    const result = await runWriter({ database, lines, folder, lanes: LANES, presentRows })
    presentRows += lines.flows
    return result
  }
  return { name: `${wanted.toLocaleString('en')} rows in the partition`, base: BASES.v5, run }
}

function describe(name: string, runs: readonly WriterRun[], base: readonly WriterRun[]): BenchRow {
  const speeds = figureOf(runs, 0, (run) => run.rowsPerSecond)
  const baseSpeeds = figureOf(base, 0, (run) => run.rowsPerSecond)
  const figures = {
    'of the speed with one or none': figure(ratiosOf(speeds.samples, baseSpeeds.samples), 2),
    'rows/s': speeds,
    'writer CPU s/M': figureOf(runs, 2, (run) => run.writerCpu),
    'server CPU s/M': figureOf(runs, 2, (run) => run.serverCpu),
  }
  return { name, figures }
}
