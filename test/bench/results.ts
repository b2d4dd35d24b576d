/** Writes the tables of a run: as JSON for comparing, and as Markdown into RESULTS.md. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchTable, wrap, writeMarkdownTable } from './measure/bench-table.ts'
import type { BenchSetup } from './setup.ts'

/** In the source tree, seen from dist/test/bench/results.js. */
const RESULTS_MD = fileURLToPath(new URL('../../../test/bench/RESULTS.md', import.meta.url))
const BEGIN = '<!-- measured: written by npm run bench -- --full --write -->'
const END = '<!-- /measured -->'

/** Writes the tables as a JSON file into a folder. */
export function writeTables(folder: string, tables: readonly BenchTable[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify({ tables }, undefined, 2)}\n`)
}

/** Reads the tables of the only JSON file in a folder; other checkouts may name it otherwise. */
export function readTables(folder: string): readonly BenchTable[] {
  const [name, ...more] = readdirSync(folder)
  if (name === undefined || more.length > 0) throw new Error(`${folder} does not hold one file`)
  return JSON.parse(readFileSync(join(folder, name), 'utf8')).tables
}

/** Writes tables into the measured block of RESULTS.md; tables of other titles stay as they are. */
export function writeResultsBlock(setup: BenchSetup, tables: readonly BenchTable[]): void {
  const day = new Date().toISOString().slice(0, 10)
  const intro =
    `Measured with ${setup.machine}, all on one ` +
    `machine; server settings: ${setup.serverSettings}. Each figure is the median, with the ` +
    'smallest and the largest round in brackets. Things that are compared were measured in turns. ' +
    'On another machine, only ratios are comparable.'
  const measured = tables.map((table) =>
    writeMarkdownTable({ ...table, note: `${table.note} Measured on ${day}.` }),
  )
  const text = readFileSync(RESULTS_MD, 'utf8')
  const sections = [wrap(intro), ...replaceTables(readBlockTables(text), measured)]
  writeFileSync(
    RESULTS_MD,
    replaceBlock(text, sections.flatMap((lines) => [...lines, '']).slice(0, -1)),
  )
}

/** Returns the tables of the measured block, as lines that begin with the table's title. */
export function readBlockTables(text: string): string[][] {
  const tables: string[][] = []
  for (const line of text.slice(text.indexOf(BEGIN), text.indexOf(END)).split('\n')) {
    if (/^\*\*.+\*\*$/.test(line)) tables.push([])
    tables.at(-1)?.push(line)
  }
  return tables.map((lines) => lines.join('\n').trimEnd().split('\n'))
}

/** Returns the old tables with those of the same title replaced, and the new ones after them. */
export function replaceTables(
  old: readonly (readonly string[])[],
  measured: readonly (readonly string[])[],
): (readonly string[])[] {
  const byTitle = new Map([...old, ...measured].map((lines) => [lines[0], lines]))
  return [...byTitle.values()]
}

/** Returns the text with other lines between the marks. @throws if a mark is missing */
export function replaceBlock(text: string, lines: readonly string[]): string {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`RESULTS.md lacks the marks ${BEGIN} and ${END}`)
  return `${text.slice(0, begin)}${[BEGIN, '', ...lines, '', END].join('\n')}${text.slice(end + END.length)}`
}
