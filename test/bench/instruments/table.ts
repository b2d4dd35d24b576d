/** What each choice about the table of flows costs: time and CPU of a bare COPY, bytes on disk. */

import { join } from 'node:path'
import { type CopyRun, copyImages } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { type CopyImage, readCopyImage, splitCopyImage } from '../measure/copy-image.ts'
import { interleave } from '../measure/interleave.ts'
import { ratiosOf } from '../measure/spread.ts'
import { runWriter } from '../measure/writer-run.ts'
import { BATCH_ROWS, writeLineFile } from '../traffic/line-file.ts'
import { V9_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument } from './instrument.ts'
import {
  CHOSEN_PARTITION,
  CHOSEN_TABLE,
  createStatements,
  selectRows,
  TABLE_CHOICES,
  type TableChoice,
} from './table-choices.ts'

const COLUMNS = {
  time: 'time of COPY',
  cpu: 'server CPU s/M',
  table: 'table bytes a row',
  indexes: 'index bytes a row',
  wal: 'WAL bytes a row',
} as const

/** One COPY into the table of a choice; bytes are of all rows. */
interface ChoiceRun extends CopyRun {
  readonly tableBytes: number
  readonly indexBytes: number
  readonly walBytes: number
}

export const TABLE_BENCH: Instrument = {
  id: 'table',
  isQuick: false,
  measure: async ({ size, folder, progress }) => {
    const database = await BenchDatabase.create()
    try {
      const lines = await writeLineFile(join(folder, 'lines.jsonl'), V9_STREAM, size.table.rows)
      await runWriter({ database, lines, folder, lanes: 1 })
      const images = await readImages(database)
      const results = await interleave({
        variants: Object.fromEntries(
          TABLE_CHOICES.map((choice) => [
            choice.name,
            () => copyInto(database, choice, images.get(selectRows(choice)) ?? []),
          ]),
        ),
        rounds: size.table.rounds,
        warmUp: size.warmUp,
        onTurn: (name, round) => progress(`${name}, round ${round} of ${size.table.rounds}`),
      })
      const base = results[TABLE_CHOICES[0].name] ?? []
      return {
        id: 'table',
        title: 'Table: what each choice costs',
        rowTitle: 'choice',
        columns: Object.values(COLUMNS),
        rows: TABLE_CHOICES.map(({ name }) =>
          describe(name, results[name] ?? [], base, lines.flows),
        ),
        note:
          'Bare COPY of the rows of v9 with 24 fields in batches of 20,000 over one connection; the ' +
          'time is that of the choice divided by that of the table as it is (above 1: slower).',
      }
    } finally {
      await database.drop()
    }
  },
}

/** Encodes the rows once for each order and type of columns. */
async function readImages({ client }: BenchDatabase): Promise<Map<string, CopyImage[]>> {
  const images = new Map<string, CopyImage[]>()
  for (const choice of TABLE_CHOICES) {
    const query = selectRows(choice)
    if (images.has(query)) continue
    images.set(query, splitCopyImage(await readCopyImage(client, query), BATCH_ROWS))
  }
  return images
}

async function copyInto(
  database: BenchDatabase,
  choice: TableChoice,
  images: readonly CopyImage[],
): Promise<ChoiceRun> {
  const { client } = database
  for (const statement of createStatements(choice)) await client.query(statement)
  const settings = Object.entries(choice.settings ?? {})
  for (const [name, value] of settings) await client.query(`set ${name} = ${value}`)
  try {
    await client.query('checkpoint')
    const { rows: before } = await client.query('select pg_current_wal_insert_lsn() as lsn')
    const target = choice.isDirect ? CHOSEN_PARTITION : CHOSEN_TABLE
    const run = await copyImages(database, target, images)
    const { rows: after } = await client.query(
      `select pg_table_size('${CHOSEN_PARTITION}')::float8 as table,
         pg_indexes_size('${CHOSEN_PARTITION}')::float8 as indexes,
         pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as wal`,
      [before[0]?.lsn],
    )
    const { table, indexes, wal } = after[0]
    return { ...run, tableBytes: table, indexBytes: indexes, walBytes: wal }
  } finally {
    for (const [name] of settings) await client.query(`reset ${name}`)
    await client.query(`drop table ${CHOSEN_TABLE}`)
  }
}

function describe(
  name: string,
  runs: readonly ChoiceRun[],
  base: readonly ChoiceRun[],
  rows: number,
): BenchRow {
  const speeds = (some: readonly ChoiceRun[]) => some.map(({ rowsPerSecond }) => rowsPerSecond)
  const bytesOf = (key: 'tableBytes' | 'indexBytes' | 'walBytes') =>
    figure(
      runs.map((run) => run[key] / rows),
      1,
    )
  const figures = {
    [COLUMNS.time]: figure(ratiosOf(speeds(base), speeds(runs)), 2),
    [COLUMNS.cpu]: figure(
      runs.map(({ serverCpu }) => serverCpu),
      2,
    ),
    [COLUMNS.table]: bytesOf('tableBytes'),
    [COLUMNS.indexes]: bytesOf('indexBytes'),
    [COLUMNS.wal]: bytesOf('walBytes'),
  }
  return { name, figures }
}
