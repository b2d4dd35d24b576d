/** The commands that record, replay, follow and export, with their options and help. */

import { type Command, Option } from 'commander'
import { recordLines } from './commands/record.ts'
import { replayFiles } from './commands/replay.ts'
import type { RunCommand } from './program.ts'

export function addCaptureCommands(program: Command, run: RunCommand): void {
  addRecord(program, run)
  addReplay(program, run)
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

function addRecord(program: Command, run: RunCommand): void {
  program
    .command('record')
    .description('records what the collector receives, beside the writer')
    .argument('<file>', 'ends in .gz or .zst; an existing file is not overwritten')
    .option('--journal <folder>', 'JOURNAL_DIR of the writer')
    .option('--once', 'only what the journal holds now')
    .option('--present', 'what the journal holds now, and what comes')
    .option('--exporter <address>', 'only datagrams of this exporter')
    .option('--anonymize', 'replaces addresses and names, for a bug report')
    .option('--key <text>', 'the same key replaces the same addresses in the same way')
    .option('--rotate-size <size>', 'begins a new file at this size: 500M, 1G')
    .option('--rotate-time <duration>', 'begins a new file after this time: 15m, 1h')
    .option('--keep-free <size>', 'stops before less is free; default: 1G beside the journal, else 0')
    .option('--max-behind <size>', 'gives up, and counts, what waits beyond this size', '4G')
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

function addReplay(program: Command, run: RunCommand): void {
  program
    .command('replay')
    .description('replays recordings and packet captures (pcap, pcapng), or decodes them')
    .argument('<file...>', 'pipe lines or captures, also compressed; -: the standard input')
    .option('--pipe <path>', 'the pipe of a writer; default: NAMED_PIPE_FILENAME, ./data/netflow.pipe')
    .option('--to <host:port>', 'sends them by UDP instead')
    .option('--decode', 'prints what they say instead, without a pipe or a database')
    .option('-f, --format <format>', 'of --decode: table, jsonl')
    .option('--speed <factor>', 'full, 1 (as it was), or a factor', 'full')
    .option('--exporter <address>', 'only datagrams of this exporter')
    .addOption(
      new Option(
        '--udp-port <port>',
        'of captures: all datagrams to this port; default: those that look like NetFlow',
      ).argParser(collect),
    )
    .addHelpText(
      'after',
      examples(
        'netflow replay capture.lines.gz',
        'netflow replay --speed 10 --to 192.0.2.1:2055 capture.pcapng',
        'netflow replay --decode --udp-port 9995 capture.pcap',
        'tcpdump -w - udp port 2055 | netflow replay --decode -',
      ),
    )
    .action((files: string[], options) =>
      run(options, (terminal) => replayFiles(terminal, files, options)),
    )
}
