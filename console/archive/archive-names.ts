/** The names of exporters, interfaces, protocols and services in an archive. */

import { join } from 'node:path'
import { readWhole, writeWhole } from '../files/whole-file.ts'
import type { Row } from '../query/sql.ts'
import { NAMES_QUERY } from './archive-columns.ts'
import type { ArchivedDatabase } from './archive-partition.ts'

export const NAMES_FILE = 'names.jsonl'

/** Writes the present names, and the earlier names of all that has none now. */
export async function writeNames(folder: string, database: ArchivedDatabase): Promise<void> {
  const path = join(folder, NAMES_FILE)
  const earlier = ((await readWhole(path)) ?? '')
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
  await writeWhole(path, lines.join(''))
}
