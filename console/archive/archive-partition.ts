/** Archives one partition: copies its rows, turns them into Parquet, and checks the file. */

import { createWriteStream } from 'node:fs'
import { access, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGzip, constants as zlib } from 'node:zlib'
import { type DuckDb, quoteText } from '../export/duckdb.ts'
import { csvToParquet } from '../export/parquet.ts'
import { nameFile } from '../export/parts.ts'
import type { Row, Sql } from '../query/sql.ts'
import { FLOW_TYPES } from './archive-columns.ts'
import type { ArchivedPart } from './archive-manifest.ts'

const UNFINISHED = '.part'

/** The methods of a database that archiving uses. */
export interface ArchivedDatabase {
  ask(sql: Sql): Promise<readonly Row[]>
  inSnapshot<Value>(use: () => Promise<Value>): Promise<Value>
  /** Runs COPY … TO STDOUT into a stream, and ends it. */
  copyTo(sql: string, sink: Writable): Promise<void>
}

export interface ArchiveRun {
  readonly folder: string
  readonly database: ArchivedDatabase
  readonly duckdb: DuckDb
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

export interface ClosedPartition {
  readonly name: string
  readonly id: string
  readonly since: string
  readonly until: string
  /** Rows inserted, updated and deleted, as the server counts them; read before the rows. */
  readonly changes: string
}

/** A file does not have the rows of its partition. */
export class ArchiveCheckError extends Error {
  readonly code = 'ARCHIVE_CHECK'
}

/** Sums that are equal when a file has the rows of its partition. */
interface Facts {
  readonly flows: string
  readonly bytes: string
  readonly packets: string
}

interface PartitionResult {
  /** The new entry of the manifest; undefined: the entry stays. */
  readonly part: ArchivedPart | undefined
  readonly isWritten: boolean
}

const UNCHANGED: PartitionResult = { part: undefined, isWritten: false }

/**
 * Archives a partition unless the archive has it unchanged. Where late rows created a dropped partition
 * again, it gets a file of its own, so that they never replace archived rows.
 *
 * @throws ArchiveCheckError, or the system's error
 */
export async function archivePartition(
  run: ArchiveRun,
  partition: ClosedPartition,
  parts: readonly ArchivedPart[],
): Promise<PartitionResult> {
  const known = parts.filter((part) => part.partition === partition.name)
  const same = known.find(({ id }) => id === partition.id)
  const { id, changes } = partition
  if (same?.changes === changes && (await exists(join(run.folder, same.file)))) return UNCHANGED
  return run.database.inSnapshot(async () => {
    const facts = await readFacts(run, partition.name)
    if (facts.flows === '0') return UNCHANGED
    // After a restore of the database, the same rows are in a table with another id.
    const equal = same ? [same] : known
    for (const part of equal.filter((one) => isEqual(one, facts))) {
      if (await exists(join(run.folder, part.file))) {
        return { part: { ...part, id, changes }, isWritten: false }
      }
    }
    const file = same?.file ?? chooseName(partition, parts)
    const fileBytes = await writeParquet(run, partition, { file, facts })
    const { name, since, until } = partition
    const part = { ...{ file, partition: name, id, since, until }, ...facts, fileBytes, changes }
    return { part, isWritten: true }
  })
}

const isEqual = (a: Facts, b: Facts) =>
  a.flows === b.flows && a.bytes === b.bytes && a.packets === b.packets

const describe = ({ flows, bytes, packets }: Facts) =>
  `${flows} flows, ${bytes} bytes, ${packets} packets`

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** Chooses a name; that of an earlier partition of the same time is taken. */
function chooseName(partition: ClosedPartition, parts: readonly ArchivedPart[]): string {
  const taken = new Set(parts.map(({ file }) => file))
  for (let number = 1; ; number++) {
    const name = nameFile(partition, number === 1 ? '.parquet' : `-${number}.parquet`)
    if (!taken.has(name)) return name
  }
}

const SUMS = `count(*)::text as flows, coalesce(sum(bytes), 0)::text as bytes,
  coalesce(sum(packets), 0)::text as packets`

async function readFacts({ database }: ArchiveRun, source: string): Promise<Facts> {
  const [row] = await database.ask({ text: `select ${SUMS} from ${source}`, values: [] })
  return toFacts(row)
}

const toFacts = (row: Row | undefined): Facts => ({
  flows: row?.['flows'] ?? '0',
  bytes: row?.['bytes'] ?? '0',
  packets: row?.['packets'] ?? '0',
})

/** @returns the size of the file */
async function writeParquet(
  run: ArchiveRun,
  { name }: ClosedPartition,
  { file, facts }: { readonly file: string; readonly facts: Facts },
): Promise<number> {
  const path = join(run.folder, file)
  const [text, unfinished] = [`${path}.csv.gz${UNFINISHED}`, path + UNFINISHED]
  run.onProgress(`${file}: copying ${facts.flows} flows`)
  try {
    const columns = Object.keys(FLOW_TYPES).join(', ')
    const copy = `copy (select ${columns} from ${name}) to stdout (format csv, header)`
    await writeGzip(text, (sink) => run.database.copyTo(copy, sink))
    run.onProgress(`${file}: writing ${facts.flows} flows`)
    await run.duckdb.run(csvToParquet(text, unfinished, { types: FLOW_TYPES, compression: 'gzip' }))
    const [found] = await run.duckdb.ask(
      `select ${SUMS.replaceAll('::text', '::varchar')} from read_parquet(${quoteText(unfinished)})`,
    )
    const written = toFacts(found)
    if (!isEqual(written, facts)) {
      throw new ArchiveCheckError(
        `${file} has ${describe(written)}, but ${name} has ${describe(facts)}: the file is not kept; ` +
          'the same command writes it again',
      )
    }
    await rename(unfinished, path)
    return (await stat(path)).size
  } finally {
    await rm(text, { force: true })
    await rm(unfinished, { force: true })
  }
}

async function writeGzip(path: string, write: (sink: Writable) => Promise<void>): Promise<void> {
  const gzip = createGzip({ level: zlib.Z_BEST_SPEED })
  const file = createWriteStream(path)
  gzip.pipe(file)
  const isWritten = finished(file)
  file.on('error', (error) => gzip.destroy(error))
  // The first failure is the cause of the other.
  await Promise.all([write(gzip), isWritten])
}
