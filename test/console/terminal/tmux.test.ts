/** The long-running commands in a real terminal: progress in one line, and nothing wrapped. */

import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../../helpers/pipeline.ts'
import { TmuxTerminal } from '../../helpers/tmux.ts'
import { until } from '../../helpers/until.ts'
import { missingPrograms } from '../../integration/exporters/programs.ts'

const MAIN = fileURLToPath(new URL('../../../console/terminal/main.js', import.meta.url))
const ROWS = 40
const RECORDS = 30
const SINCE_MS = Date.now() - 60_000

function lineOf(index: number): string {
  const now = SINCE_MS + index
  const header = { now, uptimeMs: 60_000, sequence: index * RECORDS, domain: 0 }
  const flows = { first: 1 + index * RECORDS, count: RECORDS, withTemplate: false }
  return encodeDatagramLine(encodeNumbered(5, header, flows), now, '192.0.2.1', 2055)
}

describe('in a terminal', { skip: missingPrograms('tmux') }, () => {
  let pipeline: Pipeline
  let terminal = new TmuxTerminal()
  before(async () => {
    pipeline = await startWriterAlone({ environment: { ...QUICK, RETENTION_DAYS: '0' } })
    const lines = Array.from({ length: 400 }, (_, index) => lineOf(index))
    appendFileSync(pipeline.pipePath, lines.join(''))
    await pipeline.expectNumber('select count(*) from flows', 400 * RECORDS)
    writeFileSync(join(pipeline.folder, 'replayed.lines'), lines.slice(0, 50).join(''))
  })
  afterEach(() => {
    terminal.stop()
    terminal = new TmuxTerminal()
  })
  after(async () => {
    terminal.stop()
    await pipeline.stop()
  })

  const start = (words: readonly string[], columns: number) =>
    terminal.start(
      [process.execPath, MAIN, ...words],
      { columns, rows: ROWS },
      {
        DATABASE_URL: pipeline.databaseUrl,
        JOURNAL_DIR: join(pipeline.folder, 'journal'),
        NAMED_PIPE_FILENAME: pipeline.pipePath,
        TZ: 'UTC',
      },
    )
  /** The lines with something on them, without the notice of tmux that the program has ended. */
  const screen = () =>
    terminal.read().filter((line) => line !== '' && !line.startsWith('Pane is dead'))
  const finish = () => until('the command ends', () => terminal.isOver)

  for (const columns of [80, 200]) {
    const folder = () => join(pipeline.folder, `export-to-a-folder-with-a-long-name-${columns}`)

    it(`shows a line of progress, and removes it: record, ${columns} columns`, async () => {
      const path = join(pipeline.folder, `${columns}.lines.gz`)
      start(['record', '--keep-free', '0', '--present', path], columns)
      await until('the progress is shown', () => /recorded \(Ctrl-C ends\)/.test(screen().join('')))
      assert.equal(screen().length, 1, screen().join('\n'))
      terminal.press('C-c')
      await finish()
      const text = screen().join('')
      assert.match(text, /^(\^C)?netflow: recorded \d+ datagrams in \S+ ?\(\d+ bytes\)$/)
    })

    it(`shows how far it is, and one line at the end: replay, ${columns} columns`, async () => {
      start(['replay', '--speed', '0.01', join(pipeline.folder, 'replayed.lines')], columns)
      await until('the progress is shown', () =>
        /datagrams \(Ctrl-C ends\)/.test(screen().join('')),
      )
      assert.equal(screen().length, 1, screen().join('\n'))
      await finish()
      assert.deepEqual(screen(), ['netflow: replayed 50 datagrams'])
    })

    it(`shows nothing of its progress at the end: export, ${columns} columns`, async () => {
      start(['export', '--all', '--format', 'jsonl', '--to', folder()], columns)
      await finish()
      const text = screen().join('')
      assert.match(text, /^netflow: \d+ flows from \S+ to \S+ in 1 of 1 files of \S+$/)
    })

    it(`shows a line for each flow, in its width: tail, ${columns} columns`, async () => {
      start(['tail', '-n', '5'], columns)
      await until('the flows are shown', () => screen().length >= 6)
      const [heading = '', ...flows] = screen()
      assert.equal(flows.length, 5, screen().join('\n'))
      assert.match(heading, /^(Date first seen|Time) .* Dst IP Addr:Port /)
      for (const line of flows) assert.match(line, /:\d\d.* TCP .* 192\.0\.2\.1:40000 .* \d+$/)
      terminal.press('C-c')
      await finish()
    })
  }
})
