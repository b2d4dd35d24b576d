/**
 * The cost of the journal: the pipe's bytes moved into it, checked and read back, in turns with the
 * same bytes only read from the pipe, and with the whole writer.
 */

import { spawn } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { loadLibc } from '../../../shared/libc.ts'
import { createLogger } from '../../../shared/logger.ts'
import { JournalReader } from '../../../writer/journal/journal-reader.ts'
import {
  JournalWriter,
  type JournalWriterSettings,
} from '../../../writer/journal/journal-writer.ts'
import { ensurePipe } from '../../../writer/journal/pipe-source.ts'
import { perMillion } from '../measure/bare-copy.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { ratiosOf } from '../measure/spread.ts'
import { runWriter } from '../measure/writer-run.ts'
import { type LineFile, writeLineFile } from '../traffic/line-file.ts'
import { type SampleStream, V5_STREAM, V9_STREAM } from '../traffic/sample-messages.ts'
import type { Instrument, Workbench } from './instrument.ts'

const SILENT = createLogger('bench', 'silent')
const LANES = 2
const CHUNK_BYTES = 65_536

export const JOURNAL: Instrument = {
  id: 'journal',
  title: 'Journal: the cost of its bytes, CPU seconds per million flows',
  rowTitle: 'stream',
  isQuick: true,
  measure: async (workbench) => ({
    rows: [await measureStream(workbench, V5_STREAM), await measureStream(workbench, V9_STREAM)],
    note:
      'The price is the CPU to move lines from the pipe into files, check them and read them back, ' +
      'less the CPU to only read them from the pipe. The later work of the kernel, which brings the ' +
      'files to the disk, is not included.',
  }),
}

async function measureStream(workbench: Workbench, stream: SampleStream): Promise<BenchRow> {
  const { size, folder, progress } = workbench
  const path = join(folder, 'journal.jsonl')
  const lines = await writeLineFile(path, stream, size.journalRows)
  return BenchDatabase.with(async (database) => {
    const results = await interleave<'read' | 'journal' | 'writer', number | undefined>(
      {
        read: () => measureCpu(lines, folder, readPipe),
        journal: () => measureCpu(lines, folder, readThroughJournal),
        writer: async () => {
          const { writerCpu } = await runWriter({ database, lines, folder, lanes: LANES })
          return writerCpu
        },
      },
      { ...size, onTurn: (text) => progress(`${stream.name}: ${text}`) },
    )
    return describe(stream.name, results)
  })
}

/** Reads all bytes that come through a pipe. */
type ReadAll = (pipe: string, bytes: number, folder: string) => Promise<void>

/** Feeds a file into a pipe of its own; returns the CPU seconds of this process per million flows. */
async function measureCpu(lines: LineFile, parent: string, readAll: ReadAll): Promise<number> {
  const folder = await mkdtemp(join(parent, 'journal-'))
  const pipe = join(folder, 'netflow.pipe')
  ensurePipe(pipe, SILENT)
  const feeder = spawn('sh', ['-c', 'exec cat "$0" > "$1"', lines.path, pipe], { stdio: 'inherit' })
  try {
    const before = process.cpuUsage()
    await readAll(pipe, lines.bytes, folder)
    const { user, system } = process.cpuUsage(before)
    return perMillion(0, (user + system) / 1e6, lines.flows) as number
  } finally {
    feeder.kill()
    await rm(folder, { recursive: true })
  }
}

async function readPipe(pipe: string, bytes: number): Promise<void> {
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (let read = 0; read < bytes; ) {
    try {
      read += readSync(fd, chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await sleep(1)
    }
  }
  closeSync(fd)
}

async function readThroughJournal(pipe: string, bytes: number, folder: string): Promise<void> {
  const settings: JournalWriterSettings = {
    NAMED_PIPE_FILENAME: pipe,
    JOURNAL_DIR: join(folder, 'journal'),
    JOURNAL_MAX_BYTES: 1_073_741_824,
    JOURNAL_SEGMENT_BYTES: 67_108_864,
    JOURNAL_FSYNC: 'off',
  }
  const writer = new JournalWriter({ settings, libc: loadLibc(), logger: SILENT })
  const { journal } = writer
  const reader = new JournalReader({ journal, position: 0, logger: SILENT })
  writer.start()
  while (reader.position < bytes) {
    const read = reader.read()
    if (read && read.kind !== 'bytes') throw new Error(`the journal lost bytes at ${read.from}`)
    if (read) journal.trim(reader.position)
    await (read ? nextTurn() : reader.more())
  }
  writer.close()
}

function describe(
  name: string,
  results: Readonly<Record<'read' | 'journal' | 'writer', readonly (number | undefined)[]>>,
): BenchRow {
  const of = (key: keyof typeof results) => results[key].map((seconds) => seconds ?? Number.NaN)
  const [read, journal, writer] = [of('read'), of('journal'), of('writer')]
  const price = journal.map((seconds, round) => seconds - (read[round] ?? Number.NaN))
  const shares = ratiosOf(price, writer).map((share) => share * 100)
  const figures = {
    'price, % of the writer’s CPU': figure(shares, 1),
    'price s/M': figure(price, 3),
    'through the journal s/M': figure(journal, 3),
    'only read s/M': figure(read, 3),
    'the whole writer s/M': figure(writer, 2),
  }
  return { name, figures }
}
