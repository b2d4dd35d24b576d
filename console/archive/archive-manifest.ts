/**
 * The manifest of an archive: its files, and the partitions that they hold. The writer reads it before
 * it drops a partition, so the names in it are fixed.
 */

import { join } from 'node:path'
import { readWhole, writeWhole } from '../files/whole-file.ts'

const MANIFEST_NAME = 'manifest.json'
const KIND = 'netflow archive'

/** A file, and the partition as it was when the file was written. */
export interface ArchivedPart {
  readonly file: string
  readonly partition: string
  /** The partition's object id, which differs for a later partition of the same name. */
  readonly id: string
  /** RFC 3339. */
  readonly since: string
  readonly until: string
  readonly flows: string
  /** Sums of the counters as exported. They differ when rows have changed. */
  readonly bytes: string
  readonly packets: string
  readonly fileBytes: number
  /** Rows inserted, updated and deleted in the partition, as the server counted them. */
  readonly changes: string
}

/** The folder holds no usable archive; the message says what to do. */
export class NotAnArchiveError extends Error {
  readonly code = 'NOT_AN_ARCHIVE'
}

/**
 * Reads the manifest of an archive.
 *
 * @returns undefined when there is no manifest yet
 * @throws NotAnArchiveError
 */
export async function readManifest(folder: string): Promise<readonly ArchivedPart[] | undefined> {
  const path = join(folder, MANIFEST_NAME)
  const text = await readWhole(path)
  if (text === undefined) return undefined
  const content = parse(text)
  if (content?.kind === KIND && Array.isArray(content.parts)) return content.parts
  throw new NotAnArchiveError(`${path} is no manifest of an archive: name another folder`)
}

/** Writes the manifest, whole or not at all. */
export async function writeManifest(folder: string, parts: readonly ArchivedPart[]): Promise<void> {
  const sorted = parts.toSorted(
    (a, b) => a.since.localeCompare(b.since) || (a.file < b.file ? -1 : 1),
  )
  const content = { kind: KIND, version: 1, parts: sorted }
  await writeWhole(join(folder, MANIFEST_NAME), `${JSON.stringify(content, null, 2)}\n`)
}

function parse(text: string): { kind?: unknown; parts?: ArchivedPart[] } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
