/** `netflow record`: writes the lines of the pipe into files, which it reads from the journal. */

import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { parseDuration } from '../../query/times.ts'
import { Anonymizer } from '../../record/anonymizer.ts'
import { JournalTap } from '../../record/journal-tap.ts'
import { LineSelection } from '../../record/line-selection.ts'
import { AllLines } from '../../record/recorded-lines.ts'
import { Recorder } from '../../record/recorder.ts'
import { isSameFileSystem, Recording, RecordingError } from '../../record/recording.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import { examples } from '../options.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const DEFAULT_JOURNAL = './data/journal'
/** A recording leaves this room for the journal on the same file system. */
const KEEP_FREE_BYTES = 1_073_741_824
const KEY_BYTES = 16
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

interface RecordCommandOptions {
  readonly journal?: string
  readonly once?: boolean
  readonly present?: boolean
  readonly exporter?: string
  readonly anonymize?: boolean
  readonly key?: string
  readonly rotateSize?: string
  readonly rotateTime?: string
  readonly keepFree?: string
  readonly maxBehind: string
}

/** Adds `netflow record`. */
export function addRecord(program: Command, run: RunCommand): void {
  program
    .command('record')
    .description('records what the collector receives, beside the writer')
    .argument('<file>', 'ends in .gz or .zst; an existing file is not overwritten')
    .option('--journal <folder>', 'JOURNAL_DIR of the writer')
    .option('--once', 'only what the journal holds now')
    .option('--present', 'what the journal holds now, and all that comes')
    .option('--exporter <address>', 'only datagrams of this exporter')
    .option('--anonymize', 'replaces addresses and names, for a bug report')
    .option('--key <text>', 'the same key replaces the same addresses in the same way')
    .option('--rotate-size <size>', 'begins a new file at this size: 500M, 1G')
    .option('--rotate-time <duration>', 'begins a new file after this time: 15m, 1h')
    .option(
      '--keep-free <size>',
      'stops when less is free; default: 1G on the disk of the journal, else 0',
    )
    .option('--max-behind <size>', 'unread bytes beyond this are given up, and counted', '4G')
    .addHelpText(
      'after',
      examples(
        'netflow record capture.lines.gz',
        'netflow record --rotate-time 1h /archive/netflow.lines.gz',
        'netflow record --once --exporter 192.0.2.1 --anonymize report.lines.gz',
      ),
    )
    .action((file: string, options) =>
      run(options, (terminal) => recordLines(terminal, file, options)),
    )
}

async function recordLines(
  terminal: Terminal,
  path: string,
  options: RecordCommandOptions,
): Promise<void> {
  if (options.key !== undefined && !options.anonymize) {
    throw new UsageError('--key goes with --anonymize')
  }
  const journal =
    options.journal ?? (terminal.surroundings.environment['JOURNAL_DIR'] || DEFAULT_JOURNAL)
  const tap = new JournalTap(journal, readSize('--max-behind', options.maxBehind))
  try {
    const isOnce = options.once ?? false
    tap.open(isOnce || options.present ? 'start' : 'end')
    const recording = new Recording({
      path,
      rotateBytes: readSize('--rotate-size', options.rotateSize ?? '0'),
      rotateMs: readTime(options.rotateTime),
      keepFreeBytes: await chooseKeepFree(journal, path, options.keepFree),
    })
    await recording.open()
    const recorder = new Recorder({
      ...{ tap, recording, isOnce },
      lines: chooseLines(terminal, options),
      onProgress: ({ counts }) =>
        terminal.note(`${counts.datagrams.toLocaleString('en-US')} datagrams recorded`),
    })
    await run(terminal, recorder, recording)
  } catch (error) {
    if (error instanceof RecordingError) throw new NoAnswerError(`${path}: ${error.message}`)
    throw error
  } finally {
    tap.close()
  }
}

async function run(terminal: Terminal, recorder: Recorder, recording: Recording): Promise<void> {
  try {
    await recorder.run(terminal.signal)
  } catch (error) {
    report(terminal, recorder, recording)
    await recording.close().catch(() => {})
    throw new NoAnswerError(
      `${recording.files.at(-1)}: ${(error as Error).message}: the recording has stopped; the ` +
        'pipeline goes on without it',
      { cause: error },
    )
  }
  report(terminal, recorder, recording)
  const { missedBytes } = recorder.counts
  if (missedBytes > 0) {
    throw new NoAnswerError(
      `${missedBytes} bytes of the journal were deleted before they were recorded: record on a ` +
        'faster disk, or with a larger --max-behind',
    )
  }
}

function chooseLines(terminal: Terminal, options: RecordCommandOptions) {
  const { exporter, anonymize } = options
  if (exporter === undefined && !anonymize) return new AllLines()
  const key = options.key ?? randomBytes(KEY_BYTES).toString('hex')
  if (anonymize && options.key === undefined) {
    terminal.say(`the key is ${key}: --key with it replaces the same addresses in the same way`)
  }
  return new LineSelection({ exporter, anonymizer: anonymize ? new Anonymizer(key) : undefined })
}

function report(terminal: Terminal, recorder: Recorder, recording: Recording): void {
  const { datagrams, malformed, others, withoutTemplate, unreadable } = recorder.counts
  const more = [
    others > 0 && `${others} of other exporters left out`,
    malformed > 0 && `${malformed} malformed lines left out`,
    withoutTemplate > 0 && `${withoutTemplate} left out, as their template was not recorded before`,
    unreadable > 0 && `${unreadable} unreadable ones left out`,
  ].filter((text) => text !== false)
  terminal.say(
    [
      `recorded ${datagrams} datagrams in ${recording.files.join(', ')} (${recording.fileBytes} bytes)`,
      ...more,
    ].join('; '),
  )
}

async function chooseKeepFree(journal: string, path: string, given?: string): Promise<number> {
  if (given !== undefined) return readSize('--keep-free', given)
  return (await isSameFileSystem(journal, dirname(path))) ? KEEP_FREE_BYTES : 0
}

function readTime(text: string | undefined): number {
  const ms = text === undefined ? 0 : parseDuration(text)
  if (ms !== undefined) return ms
  throw new UsageError(`--rotate-time: "${text}" is no duration: expected 15m, 1h or 1d`)
}

/** Reads `500k`, `64M`, `1G` or bytes. @throws UsageError */
function readSize(option: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,15})([kmgt]?)b?$/i.exec(text) ?? []
  const size = Number(digits) * (SIZE_UNITS[unit.toLowerCase()] ?? 1)
  if (Number.isSafeInteger(size)) return size
  throw new UsageError(`${option}: "${text}" is no size: expected bytes, 500k, 64M or 1G`)
}
