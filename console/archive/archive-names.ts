/** The lists of an archive that give names to numbers and addresses. */

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from '../query/sql.ts'
import { NAMES_QUERY } from './archive-columns.ts'
import type { ArchivedDatabase } from './archive-partition.ts'

/** Beside the manifest. */
export const NAMES_FILE = 'names.jsonl'

/** Writes the names of today, and earlier ones of what has none any more. */
export async function writeNames(folder: string, database: ArchivedDatabase): Promise<void> {
  const path = join(folder, NAMES_FILE)
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const earlier = known
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
  const rows = new Map<string, Row>()
  for (const row of [...earlier, ...(await database.ask({ text: NAMES_QUERY, values: [] }))]) {
    const { name, ...key } = row
    const id = JSON.stringify(Object.values(key))
    // An exporter without a name keeps its earlier one.
    rows.set(id, { ...row, name: name ?? rows.get(id)?.['name'] ?? null })
  }
  const lines = [...rows.values()].map((row) => `${JSON.stringify(row)}\n`)
  await writeFile(`${path}.new`, lines.join(''))
  await rename(`${path}.new`, path)
}
