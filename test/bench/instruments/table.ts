/** The cost of each choice about the table of flows: time and CPU of a bare COPY, bytes on disk. */

import { join } from 'node:path'
import { FLOW_COLUMNS, type FlowColumn } from '../../../writer/load/copy/flow-columns.ts'
import {
  type CopyImage,
  type CopyRun,
  copyImages,
  partitionBounds,
  readCopyImage,
  splitCopyImage,
} from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { ratiosOf } from '../measure/spread.ts'
import { runWriter } from '../measure/writer-run.ts'
import { BATCH_ROWS, writeLineFile } from '../traffic/line-file.ts'
import { V9_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

/** A way to build and load the table, different from the real one in one respect. */
interface TableChoice {
  readonly name: string
  /** The columns in their order, as SQL expressions of the columns of `flows`. */
  readonly columns?: readonly string[]
  /** The SQL after `create index on <table>`. */
  readonly indexes?: readonly string[]
  readonly isUnlogged?: boolean
  /** Copy into the partition instead of its parent. */
  readonly isDirect?: boolean
  /** A setting of the session, as SQL. */
  readonly setting?: string
}

const TABLE = 'bench_choice'
const PARTITION = `${TABLE}_day`
const COLUMNS = FLOW_COLUMNS.map(({ name }) => name)
const INDEXES = ['using brin (received_at) with (autosummarize = on)']

/** The columns in the order in which people list them. */
const ORDER_FOR_PEOPLE =
  'received_at exporter observation_domain export_version flow_start flow_end src_addr dst_addr ' +
  'next_hop src_port dst_port protocol tcp_flags tos icmp_type icmp_code input_if output_if bytes ' +
  'packets'

const CHOICES: readonly TableChoice[] = [
  { name: 'as it is' },
  { name: 'straight into the partition', isDirect: true },
  {
    name: 'columns in an order for people',
    columns: [...new Set([...ORDER_FOR_PEOPLE.split(' '), ...COLUMNS])],
  },
  // Four bytes or sixteen: the binary form of inet without its header of four.
  { name: 'addresses as bytea', columns: addressesAs((name) => `substr(inet_send(${name}), 5)`) },
  { name: 'addresses as text', columns: addressesAs((name) => `host(${name})`) },
  { name: 'no index', indexes: [] },
  { name: 'btree on received_at', indexes: ['(received_at)'] },
  {
    name: 'btrees on received_at and by exporter',
    indexes: ['(received_at)', '(exporter, received_at)'],
  },
  { name: 'wal_compression = on', setting: 'wal_compression = on' },
  { name: 'synchronous_commit = off', setting: 'synchronous_commit = off' },
  { name: 'unlogged', isUnlogged: true },
]

function addressesAs(expression: (name: string) => string): string[] {
  const read = ({ name, type }: FlowColumn) =>
    type === 'inet' ? `${expression(name)} as ${name}` : name
  return FLOW_COLUMNS.map(read)
}

/** Returns the query for the rows of a choice. */
function selectRows({ columns = COLUMNS }: TableChoice): string {
  return `select ${columns.join(', ')} from flows`
}

/** One COPY into the table of a choice; bytes are those of all rows. */
interface ChoiceRun extends CopyRun {
  readonly tableBytes: number
  readonly indexBytes: number
  readonly walBytes: number
}

export const TABLE_CHOICES: Instrument = {
  id: 'table',
  title: 'Table: the cost of each choice',
  rowTitle: 'choice',
  isQuick: false,
  measure: (workbench) => BenchDatabase.with((database) => measureChoices(workbench, database)),
}

async function measureChoices({ size, folder, progress }: Workbench, database: BenchDatabase) {
  const lines = await writeLineFile(join(folder, 'lines.jsonl'), V9_STREAM, size.table.rows)
  await runWriter({ database, lines, folder, lanes: 1 })
  const images = new Map<string, CopyImage[]>()
  for (const query of new Set(CHOICES.map(selectRows))) {
    images.set(query, splitCopyImage(await readCopyImage(database.client, query), BATCH_ROWS))
  }
  const variants = CHOICES.map((choice) => {
    const image = images.get(selectRows(choice)) ?? []
    return [choice.name, () => copyInto(database, choice, image)] as const
  })
  const { rounds } = size.table
  const options = { rounds, warmUp: size.warmUp, onTurn: progress }
  const results = await interleave(Object.fromEntries(variants), options)
  const runs = CHOICES.map(({ name }) => ({ name, runs: results[name] ?? [] }))
  return {
    rows: runs.map((choice) => describe(choice, runs[0]?.runs ?? [], lines.flows)),
    note:
      'Bare COPY of the rows of v9 with 24 fields, in batches of 20,000 over one connection. The ' +
      'time is that of the choice divided by that of the table as it is: above 1 is slower.',
  }
}

async function copyInto(
  database: BenchDatabase,
  choice: TableChoice,
  images: readonly CopyImage[],
): Promise<ChoiceRun> {
  const { client } = database
  const { indexes = INDEXES, isUnlogged, isDirect, setting } = choice
  // A view lends the types of its columns.
  await client.query(`create temporary view ${TABLE}_columns as ${selectRows(choice)}`)
  await client.query(
    `create table ${TABLE} (like ${TABLE}_columns) partition by range (received_at)`,
  )
  for (const index of indexes) await client.query(`create index on ${TABLE} ${index}`)
  await client.query(
    `create ${isUnlogged ? 'unlogged ' : ''}table ${PARTITION}
     partition of ${TABLE} ${partitionBounds()}`,
  )
  if (setting) await client.query(`set ${setting}`)
  try {
    await client.query('checkpoint')
    const { rows: before } = await client.query('select pg_current_wal_insert_lsn() as lsn')
    const run = await copyImages(database, isDirect ? PARTITION : TABLE, images)
    const { rows: after } = await client.query(
      `select pg_table_size('${PARTITION}')::float8 as table,
         pg_indexes_size('${PARTITION}')::float8 as indexes,
         pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as wal`,
      [before[0]?.lsn],
    )
    const { table, indexes: indexBytes, wal } = after[0]
    return { ...run, tableBytes: table, indexBytes, walBytes: wal }
  } finally {
    await client.query('reset all')
    await client.query(`drop table ${TABLE}`)
    await client.query(`drop view ${TABLE}_columns`)
  }
}

function describe(
  { name, runs }: { readonly name: string; readonly runs: readonly ChoiceRun[] },
  base: readonly ChoiceRun[],
  rows: number,
): BenchRow {
  const speeds = (some: readonly ChoiceRun[]) => some.map(({ rowsPerSecond }) => rowsPerSecond)
  const figures = {
    'time of COPY': figure(ratiosOf(speeds(base), speeds(runs)), 2),
    'server CPU s/M': figureOf(runs, 2, ({ serverCpu }) => serverCpu),
    'table bytes a row': figureOf(runs, 1, ({ tableBytes }) => tableBytes / rows),
    'index bytes a row': figureOf(runs, 1, ({ indexBytes }) => indexBytes / rows),
    'WAL bytes a row': figureOf(runs, 1, ({ walBytes }) => walBytes / rows),
  }
  return { name, figures }
}
