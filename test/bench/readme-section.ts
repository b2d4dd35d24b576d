/** Puts the tables of a full run into the README, between two marks that it finds there. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { wrap, writeMarkdownTable } from './measure/bench-table.ts'
import type { BenchResults } from './results-file.ts'
import { describeSetup } from './setup.ts'

/** This file runs as dist/test/bench/readme-section.js. */
const README = fileURLToPath(new URL('../../../README.md', import.meta.url))
const BEGIN = '<!-- measured: written by npm run bench -- --full --readme -->'
const END = '<!-- /measured -->'

/** Rewrites the block of the README. @throws when the marks are not there */
export function writeReadmeSection(results: BenchResults): void {
  writeFileSync(README, replaceBlock(readFileSync(README, 'utf8'), describeResults(results)))
}

/** Gives the text with other lines between the marks. @throws when these are not there */
export function replaceBlock(text: string, lines: readonly string[]): string {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`the README has lost the marks ${BEGIN} and ${END}`)
  return `${text.slice(0, begin)}${[BEGIN, '', ...lines, '', END].join('\n')}${text.slice(end + END.length)}`
}

/** Gives what the README says of a run, in Markdown. */
export function describeResults({ setup, tables }: BenchResults): string[] {
  const settings = Object.entries(setup.serverSettings).map(([name, value]) => `${name} ${value}`)
  const intro =
    `Measured on ${setup.measuredAt.slice(0, 10)} with ${describeSetup(setup)}, all on one machine; ` +
    `server settings: ${settings.join(', ')}. Medians with the smallest and the largest round in ` +
    'brackets; what is compared was measured in turns. Only ratios mean anything on another machine.'
  return [...wrap(intro), ...tables.flatMap((table) => ['', ...writeMarkdownTable(table)])]
}
