/**
 * Archives closed partitions, one after the other. Each file is checked against its partition before
 * the manifest names it, so the same call goes on with a cut archive.
 */

import { mkdir } from 'node:fs/promises'
import type { Row } from '../query/sql.ts'
import { type ArchivedPart, readManifest, writeManifest } from './archive-manifest.ts'
import { writeNames } from './archive-names.ts'
import { type ArchiveRun, archivePartition, type ClosedPartition } from './archive-partition.ts'

interface ArchiveResult {
  readonly written: readonly ArchivedPart[]
  /** Partitions that the archive had already, unchanged. */
  readonly kept: number
}

/** An advisory lock of the session: one program archives a database at a time. */
const ARCHIVE_LOCK = 7_411_990

/** Another program archives this database. */
export class ArchiveBusyError extends Error {
  readonly code = 'ARCHIVE_BUSY'
}

/**
 * Selects closed partitions: their time is over, and late rows are rare. In a Citus cluster a node does
 * not know the changes of the others: there, `changes` is always new, and rows are counted each time.
 */
const CLOSED = `
  select partition::text as name, partition::oid::text as id,
    to_char(since, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since,
    to_char(until, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until,
    case (select kind from flow_store_kind()) when 'citus' then clock_timestamp()::text
      else coalesce(n_tup_ins + n_tup_upd + n_tup_del, 0)::text end as changes
  from flow_partitions left join pg_stat_user_tables as counts on counts.relid = partition
  where isfinite(since) and isfinite(until) and until <= now() - interval '10 minutes'
  order by flow_partitions.since`

/**
 * Archives every closed partition that is new, or has changed.
 *
 * @throws ArchiveBusyError, NotAnArchiveError, ArchiveCheckError, or the system's error
 */
export async function archivePartitions(run: ArchiveRun): Promise<ArchiveResult> {
  const { folder, database, signal } = run
  const lock = { text: `select pg_try_advisory_lock(${ARCHIVE_LOCK}) as locked`, values: [] }
  const [row] = await database.ask(lock)
  if (row?.['locked'] !== 't') {
    throw new ArchiveBusyError('another program archives this database: wait for its end')
  }
  await mkdir(folder, { recursive: true })
  let parts = (await readManifest(folder)) ?? []
  await writeNames(folder, database)
  await writeManifest(folder, parts)
  const written: ArchivedPart[] = []
  let kept = 0
  const partitions = await database.ask({ text: CLOSED, values: [] })
  for (const partition of partitions.map(toPartition)) {
    if (signal.aborted) break
    const { part, isWritten } = await archivePartition(run, partition, parts)
    if (!isWritten) kept += 1
    if (!part) continue
    if (isWritten) written.push(part)
    parts = [...parts.filter(({ file }) => file !== part.file), part]
    await writeManifest(folder, parts)
  }
  return { written, kept }
}

function toPartition(row: Row): ClosedPartition {
  const text = (name: string) => row[name] ?? ''
  return {
    name: text('name'),
    id: text('id'),
    since: text('since'),
    until: text('until'),
    changes: text('changes'),
  }
}
