/** Whether the writer becomes slower with more exporters, more templates, or a fuller table. */

import { join } from 'node:path'
import { copyImages } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { readCopyImage, splitCopyImage } from '../measure/copy-image.ts'
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
const COLUMNS = {
  ratio: 'of the speed with one or none',
  rows: 'rows/s',
  writerCpu: 'writer CPU s/M',
  serverCpu: 'server CPU s/M',
} as const

/** What is measured, and the case that it is compared with. */
interface GrowthCase {
  readonly name: string
  readonly base: string
  readonly run: () => Promise<WriterRun>
}

export const GROWTH_BENCH: Instrument = {
  id: 'growth',
  isQuick: false,
  measure: async (workbench) => {
    const databases = { empty: await BenchDatabase.create(), filled: await BenchDatabase.create() }
    try {
      const cases = [
        ...(await makeStreamCases(workbench, databases.empty)),
        ...(await makeFilledCases(workbench, databases.filled)),
      ]
      const { rounds, warmUp } = workbench.size
      const results = await interleave({
        variants: Object.fromEntries(cases.map(({ name, run }) => [name, run])),
        rounds,
        warmUp,
        onTurn: (name, round) => workbench.progress(`${name}, round ${round} of ${rounds}`),
      })
      return {
        id: 'growth',
        title: 'Growth: what more of everything costs the writer',
        rowTitle: 'case',
        columns: Object.values(COLUMNS),
        rows: cases.map(({ name, base }) =>
          describe(name, results[name] ?? [], results[base] ?? []),
        ),
        note:
          `${workbench.size.growth.rows.toLocaleString('en')} flows a round over two lanes: v5 with ` +
          '30 flows a datagram of exporters in turn, v9 with a template for each datagram in turn. ' +
          'Registering new exporters and templates is a part of it.',
      }
    } finally {
      await databases.empty.drop()
      await databases.filled.drop()
    }
  },
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

/** The rows of earlier rounds stay: beside those that were there before they are few. */
async function makeFilledCases(
  { size, folder, progress }: Workbench,
  database: BenchDatabase,
): Promise<GrowthCase[]> {
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
  return [{ name: `${wanted.toLocaleString('en')} rows in the partition`, base: BASES.v5, run }]
}

function describe(name: string, runs: readonly WriterRun[], base: readonly WriterRun[]): BenchRow {
  const speeds = (some: readonly WriterRun[]) => some.map(({ rowsPerSecond }) => rowsPerSecond)
  const figures = {
    [COLUMNS.ratio]: figure(ratiosOf(speeds(runs), speeds(base)), 2),
    [COLUMNS.rows]: figure(speeds(runs), 0),
    [COLUMNS.writerCpu]: figure(
      runs.map(({ writerCpu }) => writerCpu),
      2,
    ),
    [COLUMNS.serverCpu]: figure(
      runs.map(({ serverCpu }) => serverCpu),
      2,
    ),
  }
  return { name, figures }
}
