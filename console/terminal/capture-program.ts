/** The commands that record, replay, follow and export, with their options and help. */

import { type Command, Option } from 'commander'
import { archiveFlows } from './commands/archive.ts'
import { EXPORT_FORMATS, exportFlows } from './commands/export.ts'
import { FLOW_FORMATS } from './commands/flows.ts'
import { recordLines } from './commands/record.ts'
import { replayFiles } from './commands/replay.ts'
import { tailFlows } from './commands/tail.ts'
import { changing, examples, ranged, readCount } from './options.ts'
import type { RunCommand } from './terminal.ts'

export function addCaptureCommands(program: Command, run: RunCommand): void {
  addTail(ranged(program.command('tail'), 'shows flows as they are stored', FLOW_FORMATS), run)
  addRecord(program, run)
  addReplay(program, run)
  addExport(ranged(program.command('export'), 'writes flows into files', EXPORT_FORMATS), run)
  addArchive(program, run)
}

function addArchive(program: Command, run: RunCommand): void {
  changing(program.command('archive'), 'writes closed partitions into Parquet files, once each')
    .option('--to <folder>', 'where the archive is; default: ARCHIVE_DIR')
    .addHelpText(
      'after',
      '\nIt takes the package @duckdb/node-api: npm install --no-save @duckdb/node-api\n' +
        examples(
          'netflow archive --to /archive',
          'netflow top --archive /archive --since 2025-11-01 --until 2025-12-01 port 443',
        ),
    )
    .action((options) => run(options, (terminal) => archiveFlows(terminal, options)))
}

function addTail(command: Command, run: RunCommand): void {
  command
    .option('-n, --limit <count>', 'how many flows to begin with', readCount, 10)
    .addHelpText(
      'after',
      examples(
        'netflow tail',
        'netflow tail --format long host 192.0.2.17',
        'netflow tail -n 0 --format jsonl dst port 53 | jq .src_addr',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => tailFlows(terminal, words, options)),
    )
}

function addExport(command: Command, run: RunCommand): void {
  command
    .option('--to <folder>', 'where the files go; a folder with a cut export goes on', './flows')
    .option('--all', 'every partition, from the oldest flow on, instead of --since')
    .addHelpText(
      'after',
      '\nParquet takes the package @duckdb/node-api: npm install --no-save @duckdb/node-api\n' +
        examples(
          'netflow export --since yesterday --format csv --to /archive/yesterday',
          'netflow export --all --format parquet --to /archive/flows',
          'netflow export --since 7d --format jsonl --exporter core-1 dst port 443',
        ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => exportFlows(terminal, words, options)),
    )
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
    .option(
      '--keep-free <size>',
      'stops before less is free; default: 1G beside the journal, else 0',
    )
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
    .option(
      '--pipe <path>',
      'the pipe of a writer; default: NAMED_PIPE_FILENAME, ./data/netflow.pipe',
    )
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
