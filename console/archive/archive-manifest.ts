/**
 * The manifest of an archive: its files, and which partitions they were made of. A writer reads it
 * before it drops a partition, so its names stay.
 */

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Beside the files. */
const MANIFEST_NAME = 'manifest.json'
const KIND = 'netflow archive'

/** A file, and the partition as it was when the file was written. */
export interface ArchivedPart {
  readonly file: string
  readonly partition: string
  /** The partition's object id: another one of the same name has another. */
  readonly id: string
  /** RFC 3339. */
  readonly since: string
  readonly until: string
  readonly flows: string
  /** Sums of the counters as exported; they tell changed rows apart. */
  readonly bytes: string
  readonly packets: string
  readonly fileBytes: number
  /** Rows inserted, updated and deleted in the partition, as the server counted them. */
  readonly changes: string
}

/** The folder holds something else; the message says what to do. */
export class NotAnArchiveError extends Error {
  readonly code = 'NOT_AN_ARCHIVE'
}

/**
 * Reads the parts of an archive.
 *
 * @returns undefined when there is no manifest yet
 * @throws NotAnArchiveError
 */
export async function readArchive(folder: string): Promise<readonly ArchivedPart[] | undefined> {
  const path = join(folder, MANIFEST_NAME)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const content = parse(text)
  if (content?.kind === KIND && Array.isArray(content.parts)) return content.parts
  throw new NotAnArchiveError(`${path} is no manifest of an archive: name another folder`)
}

/** Writes the manifest whole or not at all. */
export async function writeArchive(folder: string, parts: readonly ArchivedPart[]): Promise<void> {
  const path = join(folder, MANIFEST_NAME)
  const sorted = parts.toSorted(
    (a, b) => a.since.localeCompare(b.since) || (a.file < b.file ? -1 : 1),
  )
  const content = { kind: KIND, version: 1, parts: sorted }
  await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { flush: true })
  await rename(`${path}.new`, path)
}

function parse(text: string): { kind?: unknown; parts?: ArchivedPart[] } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
