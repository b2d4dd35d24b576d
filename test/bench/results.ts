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

/** Reads the tables of the only JSON file in a folder, whatever its name. */
export function readTables(folder: string): readonly BenchTable[] {
  const [name, ...more] = readdirSync(folder)
  if (name === undefined || more.length > 0) throw new Error(`${folder} does not hold one file`)
  return JSON.parse(readFileSync(join(folder, name), 'utf8')).tables
}

/** Replaces the measured block of RESULTS.md. */
export function writeResultsBlock(setup: BenchSetup, tables: readonly BenchTable[]): void {
  const intro =
    `Measured on ${new Date().toISOString().slice(0, 10)} with ${setup.machine}, all on one ` +
    `machine; server settings: ${setup.serverSettings}. Each figure is the median, with the ` +
    'smallest and the largest round in brackets. Things that are compared were measured in turns. ' +
    'On another machine, only ratios are comparable.'
  const lines = [...wrap(intro), ...tables.flatMap((table) => ['', ...writeMarkdownTable(table)])]
  writeFileSync(RESULTS_MD, replaceBlock(readFileSync(RESULTS_MD, 'utf8'), lines))
}

/** Returns the text with other lines between the marks. @throws if a mark is missing */
export function replaceBlock(text: string, lines: readonly string[]): string {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`RESULTS.md lacks the marks ${BEGIN} and ${END}`)
  return `${text.slice(0, begin)}${[BEGIN, '', ...lines, '', END].join('\n')}${text.slice(end + END.length)}`
}
