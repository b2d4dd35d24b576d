/** `netflow replay`: sends files of datagrams into the pipeline or to a host, or prints them decoded. */

import { type Command, Option } from 'commander'
import { CaptureError } from '../../capture/capture-error.ts'
import { CaptureFile } from '../../capture/capture-file.ts'
import { DecodeTarget } from '../../replay/decode-target.ts'
import { Pacer } from '../../replay/pacer.ts'
import { PipeTarget } from '../../replay/pipe-target.ts'
import { Replay } from '../../replay/replay.ts'
import { ReplayError, type ReplayTarget } from '../../replay/replay-target.ts'
import { parseUdpPlace, UdpTarget } from '../../replay/udp-target.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import { collect, examples } from '../options.ts'
import { safeJson, safeText } from '../output/safe-text.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const DEFAULT_PIPE = './data/netflow.pipe'

interface ReplayCommandOptions {
  readonly pipe?: string
  readonly to?: string
  readonly decode?: boolean
  readonly speed?: string
  readonly exporter?: string
  readonly udpPort?: readonly string[]
}

/** Adds `netflow replay`. */
export function addReplay(program: Command, run: RunCommand): void {
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

async function replayFiles(
  terminal: Terminal,
  paths: readonly string[],
  options: ReplayCommandOptions,
): Promise<void> {
  const speed = readSpeed(options.speed ?? 'full')
  const ports = new Set((options.udpPort ?? []).map(readPort))
  const target = chooseTarget(terminal, options)
  const replay = new Replay({
    target,
    pacer: new Pacer(speed),
    isPaced: speed > 0,
    exporter: options.exporter,
    signal: terminal.signal,
    onProgress: ({ datagrams }) => terminal.note(`${datagrams.toLocaleString('en-US')} datagrams`),
  })
  const problems: string[] = []
  try {
    await target.open()
    for (const path of paths) {
      if (terminal.signal.aborted) break
      const problem = await replayFile(replay, path, ports)
      if (problem !== undefined) problems.push(problem)
    }
    await target.close()
  } catch (error) {
    await target.close().catch(() => {})
    if (!(error instanceof ReplayError)) throw error
    problems.push(error.message)
  }
  report(terminal, replay, target)
  if (terminal.signal.aborted) problems.push('stopped by Ctrl-C before the end of the files')
  if (problems.length > 0) throw new NoAnswerError(problems.join('\nnetflow: '))
}

/** Replays the readable part of a file. @returns its problem, if it has one */
async function replayFile(
  replay: Replay,
  path: string,
  ports: ReadonlySet<number>,
): Promise<string | undefined> {
  try {
    await replay.run(await CaptureFile.open({ path, ports }))
    return undefined
  } catch (error) {
    if (error instanceof ReplayError) throw error
    if (error instanceof CaptureError) return `${path}: ${error.message}`
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return code === 'ENOENT' ? `${path}: no such file` : message
  }
}

function report(terminal: Terminal, replay: Replay, target: ReplayTarget): void {
  const { datagrams, skipped } = replay
  const others = skipped > 0 ? `, ${skipped} of other exporters left out` : ''
  const verb = target instanceof DecodeTarget ? 'decoded' : 'replayed'
  terminal.say(`${verb} ${datagrams} datagrams${others}`)
  if (target instanceof DecodeTarget && target.undecodedSets > 0) {
    terminal.say(`${target.undecodedSets} sets are not decoded: their template is not in the files`)
  }
}

function chooseTarget(terminal: Terminal, options: ReplayCommandOptions): ReplayTarget {
  const chosen = [options.pipe, options.to, options.decode].filter((value) => value !== undefined)
  if (chosen.length > 1) throw new UsageError('--pipe, --to and --decode exclude each other')
  if (options.decode) {
    const format = terminal.options.format ?? 'table'
    if (format !== 'table' && format !== 'jsonl') {
      throw new UsageError(`--format: "${format}" is none of table, jsonl`)
    }
    const harmless = format === 'jsonl' ? safeJson : safeText
    return new DecodeTarget({ format, print: (text) => terminal.print(text), harmless })
  }
  if (terminal.options.format !== undefined) throw new UsageError('--format goes with --decode')
  if (options.to !== undefined) {
    const place = parseUdpPlace(options.to)
    if (place) return new UdpTarget(place)
    throw new UsageError(`--to: "${options.to}" is not like 192.0.2.1:2055 or [2001:db8::1]:2055`)
  }
  const path =
    options.pipe ?? (terminal.surroundings.environment['NAMED_PIPE_FILENAME'] || DEFAULT_PIPE)
  const onStall = () => terminal.say('the writer has not read for 10 s: waiting for it')
  return new PipeTarget({ path, onStall })
}

function readSpeed(text: string): number {
  if (text === 'full') return 0
  const speed = Number(text.replace(/x$/, ''))
  if (speed > 0 && Number.isFinite(speed)) return speed
  throw new UsageError(
    `--speed: "${text}" is no speed: expected full, 1 (as it was), or a factor such as 10`,
  )
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port
  throw new UsageError(`--udp-port: "${text}" is no port: expected 1 to 65535`)
}
