/**
 * Reads `migrations/answers/`: the views and functions that answer questions, each in a file of its name.
 * A line `-- needs: …` lists the others that it uses.
 */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Relative to the built file in `dist/writer/load/schema`. */
export const ANSWERS = fileURLToPath(new URL('../../../../migrations/answers', import.meta.url))

export interface Definition {
  readonly name: string
  readonly sql: string
  readonly hash: string
  readonly needs: readonly string[]
}

/** Reads the files, sorted so that each comes after those that it needs. */
export async function readDefinitions(folder = ANSWERS): Promise<readonly Definition[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  const definitions = await Promise.all(
    files.map(async (file) => {
      const sql = await readFile(`${folder}/${file}`, 'utf8')
      const needs = [...sql.matchAll(/^-- needs: (.+)$/gm)].flatMap(([, names = '']) =>
        names.trim().split(/\s+/),
      )
      const hash = createHash('sha256').update(sql).digest('hex')
      return { name: file.slice(0, -'.sql'.length), sql, hash, needs }
    }),
  )
  return sortByNeeds(definitions)
}

function sortByNeeds(definitions: readonly Definition[]): readonly Definition[] {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]))
  const sorted = new Set<Definition>()
  const visit = (name: string, path: readonly string[]): void => {
    const definition = byName.get(name)
    if (!definition) throw new Error(`${path.at(-1)}.sql needs ${name}, which has no file`)
    if (path.includes(name)) throw new Error(`${[...path, name].join(' needs ')}: a circle`)
    for (const needed of definition.needs) visit(needed, [...path, name])
    sorted.add(definition)
  }
  for (const { name } of definitions) visit(name, [])
  return [...sorted]
}
