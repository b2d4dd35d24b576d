/** Reads the project's documents for tests: sections, tables, code blocks, headings. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository, seen from the built helper in `dist/test/helpers`. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))

/** Folders of a checkout that are not of the repository. */
const FOREIGN = new Set(['node_modules', 'dist', 'data', 'bench-results', '.git'])

/** Returns every file and folder of the repository, as paths relative to it. */
export function repositoryPaths(folder = ''): string[] {
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true }).flatMap((entry) => {
    if (FOREIGN.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...repositoryPaths(path)] : [path]
  })
}

/** Returns the paths of all documents. */
export function documentPaths(): string[] {
  return repositoryPaths().filter((path) => path.endsWith('.md'))
}

/** Reads a document; `path` is relative to the repository. */
export function readDocument(path: string): string {
  return readFileSync(`${REPOSITORY}${path}`, 'utf8')
}

/** Returns the text between a heading and the next one of its level or above. */
export function sectionOf(document: string, heading: string): string {
  const lines = document.split('\n')
  const start = lines.findIndex((line) => /^#{1,6} /.test(line) && textOf(line) === heading)
  assert.ok(start >= 0, `the document has no section “${heading}”`)
  const level = levelOf(lines[start] as string)
  const ends = headingLines(lines).find((index) => {
    return index > start && levelOf(lines[index] as string) <= level
  })
  return lines.slice(start + 1, ends).join('\n')
}

/** Returns the rows of the first table of a text without its heading, cells trimmed. */
export function tableOf(text: string): string[][] {
  return tablesOf(text)[0] ?? []
}

/** Returns the rows of every table of a text without its heading, cells trimmed. */
export function tablesOf(text: string): string[][][] {
  const tables = text.match(/^\|.*\n\|[-:|]+\|\n(?:\|.*(?:\n|$))*/gm) ?? []
  return tables.map((table) =>
    table
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((line) => line.split('|').slice(1, -1))
      .map((cells) => cells.map((cell) => cell.trim())),
  )
}

/** Returns the fenced blocks of a language. */
export function codeBlocks(document: string, language: string): string[] {
  const blocks = document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))
  return [...blocks].map(([, text = '']) => text)
}

/** Returns a document without its fenced blocks. */
export function withoutCode(document: string): string {
  return document.replace(/^```.*?^```$/gms, '')
}

/** Returns the anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>()
  for (const line of withoutCode(document).split('\n')) {
    if (!/^#{1,6} /.test(line)) continue
    const anchor = textOf(line)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

function headingLines(lines: readonly string[]): number[] {
  let isCode = false
  return lines.flatMap((line, index) => {
    if (line.startsWith('```')) isCode = !isCode
    return !isCode && /^#{1,6} /.test(line) ? [index] : []
  })
}

function levelOf(heading: string): number {
  return heading.indexOf(' ')
}

function textOf(heading: string): string {
  return heading.replace(/^#+ /, '').trim()
}
