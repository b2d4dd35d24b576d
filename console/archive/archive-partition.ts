/** Archives one partition: copies it out, turns it into Parquet, and checks what came of it. */

import { createWriteStream } from 'node:fs'
import { access, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGzip, constants as zlib } from 'node:zlib'
import { type DuckDb, quoteText } from '../export/duckdb.ts'
import { readCsv } from '../export/parquet.ts'
import { nameFile } from '../export/parts.ts'
import type { Row, Sql } from '../query/sql.ts'
import { FLOW_TYPES } from './archive-columns.ts'
import type { ArchivedPart } from './archive-manifest.ts'

const UNFINISHED = '.part'

/** The part of a database that archiving needs. */
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
  /** Rows inserted, updated and deleted, as the server counts; read before any row is. */
  readonly changes: string
}

/** A file does not hold what its partition holds; the message says what to do. */
export class ArchiveCheckError extends Error {
  readonly code = 'ARCHIVE_CHECK'
}

/** What tells whether a file holds a partition. */
interface Facts {
  readonly flows: string
  readonly bytes: string
  readonly packets: string
}

export interface PartitionResult {
  /** The part as it is to be in the manifest; undefined: it stays as it is there. */
  readonly part: ArchivedPart | undefined
  readonly isWritten: boolean
}

const UNCHANGED: PartitionResult = { part: undefined, isWritten: false }

/**
 * Archives a partition unless the archive has it as it is. A partition that was made anew, after its
 * predecessor was dropped, gets a file of its own: late rows never replace archived ones.
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
    // A database that was restored has other ids for the same rows.
    const equal = same ? [same] : known
    for (const part of equal.filter((one) => isEqual(one, facts))) {
      if (await exists(join(run.folder, part.file))) {
        return { part: { ...part, id, changes }, isWritten: false }
      }
    }
    const file = same?.file ?? chooseName(partition, parts)
    const fileBytes = await writeFileOf(run, partition, { file, facts })
    const { name, since, until } = partition
    const part = { ...{ file, partition: name, id, since, until }, ...facts, fileBytes, changes }
    return { part, isWritten: true }
  })
}

const isEqual = (part: ArchivedPart, facts: Facts) =>
  part.flows === facts.flows && part.bytes === facts.bytes && part.packets === facts.packets

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** The name of a partition's predecessor is taken. */
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
async function writeFileOf(
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
    const rows = `select * from ${readCsv(text, FLOW_TYPES, 'gzip')}`
    const options = 'format parquet, compression zstd'
    await run.duckdb.run(`copy (${rows}) to ${quoteText(unfinished)} (${options})`)
    const [found] = await run.duckdb.ask(
      `select ${SUMS.replaceAll('::text', '::varchar')} from read_parquet(${quoteText(unfinished)})`,
    )
    const there = toFacts(found)
    if (JSON.stringify(there) !== JSON.stringify(facts)) {
      const shown = [there, facts].map((each) => JSON.stringify(each)).join(' instead of ')
      throw new ArchiveCheckError(`${file} would hold ${shown}: it is not kept`)
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
  // Whichever fails first names the cause.
  await Promise.all([write(gzip), isWritten])
}
