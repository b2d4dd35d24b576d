/**
 * Runs the command lines of the documents and of `outputs/`, and compares what they show with what is
 * written there. WRITE_OUTPUTS=1 writes the present outputs instead.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { KEYS } from '../../../console/query/keys.ts'
import { buildProgram } from '../../../console/terminal/program.ts'
import { REPOSITORY, readDocument, sectionOf, tablesOf } from '../../helpers/markdown.ts'
import { TerminalHarness } from './terminal-harness.ts'

const OUTPUTS = 'test/console/terminal/outputs'
/** Files with command lines, and the width of their terminal; 0: piped. */
const FILES = [
  ['console/README.md', 100],
  [`${OUTPUTS}/80.txt`, 80],
  [`${OUTPUTS}/200.txt`, 200],
  [`${OUTPUTS}/piped.txt`, 0],
] as const

/** Returns the blocks of `$ command` lines with their outputs; a plain file is one block. */
function blocksOf(path: string, text: string): string[] {
  if (!path.endsWith('.md')) return [text]
  return [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

describe('the command lines', () => {
  let harness: TerminalHarness
  before(async () => {
    harness = await TerminalHarness.start()
  })
  after(async () => {
    await harness?.stop()
  })

  /** Runs the lines of a block; returns it with their outputs. */
  async function perform(block: string, width: number): Promise<string> {
    const lines = block.split('\n').filter((line) => line.startsWith('$ '))
    const shown: string[] = []
    for (const line of lines) {
      const [command = '', filter] = line.slice(2).split(' | ')
      const options = { width: width === 0 ? undefined : width }
      const { stdout, stderr } = await harness.run(command, options)
      const output = (filter ? cutColumns(stdout, filter) : stdout) + stderr
      const trimmed = output.replace(/ +$/gm, '').replace(/\n+$/, '')
      shown.push(`${line}\n${trimmed}\n`)
    }
    return shown.join('\n')
  }

  for (const [path, width] of FILES) {
    it(`show what is written: ${path}`, async () => {
      const text = readDocument(path)
      let renewed = text
      for (const block of blocksOf(path, text)) {
        const performed = await perform(block, width)
        if (process.env['WRITE_OUTPUTS']) renewed = renewed.replace(block, () => performed)
        else assert.equal(block, performed)
      }
      if (renewed !== text) writeFileSync(join(REPOSITORY, path), renewed)
    })
  }
})

/** Does the same as `cut -d, -f1,2`. */
function cutColumns(text: string, command: string): string {
  const fields = (/-f([\d,]+)$/.exec(command)?.[1] ?? '').split(',').map(Number)
  const cut = (line: string) => fields.map((field) => line.split(',')[field - 1]).join(',')
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : cut(line)))
    .join('\n')
}

describe('the document of the console', () => {
  it('has every key', () => {
    const section = sectionOf(readDocument('console/README.md'), 'Commands')
    const rows = tablesOf(section)
      .flat()
      .map((row) => row.map((cell) => cell.replaceAll('`', '')))
    const first = rows.findIndex(([key]) => key === 'all')
    const keys = rows.slice(first, first + Object.keys(KEYS).length)
    assert.deepEqual(keys, Object.entries(KEYS))
  })

  it('is short of no command', () => {
    const { commands } = buildProgram(() => Promise.resolve())
    const section = sectionOf(readDocument('console/README.md'), 'Commands')
    for (const command of commands) {
      assert.ok(section.includes(`\`${command.name()}\``), command.name())
    }
  })
})
