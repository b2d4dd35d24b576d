/**
 * Keeps partitions that are not in the archive yet: `netflow archive` writes its files and the
 * manifest, which is only read here.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'

const MANIFEST = 'manifest.json'

/** The partition is not in the archive as it is now. The message says what to do. */
export class NotArchivedError extends Error {
  readonly code = 'NOT_ARCHIVED'
}

/** The part of the manifest that is read here. */
interface ArchivedPart {
  /** The partition's object id: a later one of the same name has another. */
  readonly id: string
  readonly flows: string
  readonly bytes: string
  readonly packets: string
}

export class ArchiveGuard {
  readonly #folder: string
  /** Partitions that wait for the archive, with the manifest that lacked them. */
  readonly #waiting = new Map<string, string>()

  /** @param folder where the archive is; empty: there is none, and nothing waits for it */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** How many partitions could be dropped if they were archived. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Forgets the partitions that do not exist any more. */
  forgetOthers(existing: readonly string[]): void {
    for (const name of this.#waiting.keys()) {
      if (!existing.includes(name)) this.#waiting.delete(name)
    }
  }

  /**
   * Passes when the archive holds every row of the partition, or when the partition is empty. Rows are
   * counted once for each state of the manifest.
   *
   * @param source its rows, for the FROM of a question
   * @throws NotArchivedError, or the database's error
   */
  async check(client: pg.Client, name: string, source: string): Promise<void> {
    if (this.#folder === '') return
    const text = await this.#readManifest()
    if (this.#waiting.get(name) === text) throw this.#refuse(name, text)
    const id = await readId(client, name)
    const part = partsOf(text).find((one) => one.id === id)
    const first = `(select bytes, packets from ${source} limit 1) as first`
    // Without an entry in the manifest it only matters whether there is a row.
    const facts = await readFacts(client, part === undefined ? first : source)
    const isSame = (['flows', 'bytes', 'packets'] as const).every(
      (fact) => part?.[fact] === facts[fact],
    )
    if (!isSame && facts.flows !== '0') throw this.#refuse(name, text)
    this.#waiting.delete(name)
  }

  #refuse(name: string, manifest: string): NotArchivedError {
    this.#waiting.set(name, manifest)
    return new NotArchivedError(
      `the archive in ${this.#folder} does not hold it as it is: netflow archive --to ${this.#folder}`,
    )
  }

  async #readManifest(): Promise<string> {
    try {
      return await readFile(join(this.#folder, MANIFEST), 'utf8')
    } catch {
      // A folder that cannot be read holds nothing that could be relied on.
      return ''
    }
  }
}

function partsOf(text: string): readonly ArchivedPart[] {
  try {
    const { parts } = JSON.parse(text) as { parts?: readonly ArchivedPart[] }
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

async function readId(client: pg.Client, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>('select $1::regclass::oid::text as id', [
    name,
  ])
  return rows[0]?.id
}

/** @param source rows, for the FROM of a question */
async function readFacts(client: pg.Client, source: string) {
  const { rows } = await client.query<Omit<ArchivedPart, 'id'>>(
    `select count(*)::text as flows, coalesce(sum(bytes), 0)::text as bytes,
       coalesce(sum(packets), 0)::text as packets from ${source}`,
  )
  return rows[0] as Omit<ArchivedPart, 'id'>
}
