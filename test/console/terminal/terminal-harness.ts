/** A database with the flows of the demonstration, always the same, and command lines that ask it. */

import { appendFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { runTerminal } from '../../../console/terminal/run-terminal.ts'
import type { Content } from '../../helpers/database.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { type Pipeline, preparePipeline, QUICK, startWriterAlone } from '../../helpers/pipeline.ts'
import { makeDemoDatagrams } from '../demo-flows.ts'

const SINCE_MS = Date.parse('2026-11-28T12:00:00Z')
/** When the questions are asked. */
const NOW_MS = Date.parse('2026-11-28T12:30:00Z')
const DATAGRAMS = 30

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** undefined: piped. Default 100. */
  readonly width?: number | undefined
  readonly environment?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

// With rollups, the source of answers would depend on the machine. The flows are old, and must stay.
const ENVIRONMENT = { ...QUICK, ROLLUPS: 'off', RETENTION_DAYS: '0' }
const DEMO: Content = { name: 'demo', store: storeDemo }

/** Stores the flows with a writer, and stops it. */
export async function storeDemo(databaseUrl: string): Promise<void> {
  const pipeline = await startWriterAlone({ databaseUrl, environment: ENVIRONMENT })
  try {
    const untilMs = NOW_MS - 60_000
    const datagrams = makeDemoDatagrams({ sinceMs: SINCE_MS, untilMs, datagrams: DATAGRAMS })
    const lines = datagrams.map(({ bytes, receivedAtMs, exporter }) =>
      encodeDatagramLine(bytes, receivedAtMs, exporter, 2055),
    )
    appendFileSync(pipeline.pipePath, lines.join(''))
    await pipeline.expectNumber('select count(*) from flows', DATAGRAMS * (30 + 16 + 16))
    await pipeline.expectNumber('select count(*) from sequence_gaps', 1)
    await pipeline.ask(`update sequence_gaps set detected_at = '2026-11-28T12:11:46Z'`)
  } finally {
    await pipeline.stop()
  }
}

export class TerminalHarness {
  readonly pipeline: Pipeline

  private constructor(pipeline: Pipeline) {
    this.pipeline = pipeline
  }

  /** Makes a database with the flows. Its pipeline has no writer until a test starts it. */
  static async start(): Promise<TerminalHarness> {
    return new TerminalHarness(await preparePipeline({ environment: ENVIRONMENT, content: DEMO }))
  }

  /** Runs a command line, as a shell would read it. */
  async run(line: string, options: RunOptions = {}): Promise<Outcome> {
    return runLine(line, this.pipeline.databaseUrl, options)
  }

  stop(): Promise<void> {
    return this.pipeline.stop()
  }
}

/** Runs a command line against a database, in UTC, at the time of the demonstration's flows. */
export async function runLine(
  line: string,
  databaseUrl: string,
  options: RunOptions = {},
): Promise<Outcome> {
  const output = new TextSink()
  const errors = new TextSink()
  const code = await runTerminal(
    splitWords(line).slice(1),
    {
      stdout: output,
      stderr: errors,
      environment: { DATABASE_URL: databaseUrl, TZ: 'UTC', NO_COLOR: '1', ...options.environment },
      folder: '/',
      nowMs: NOW_MS,
      width: 'width' in options ? options.width : 100,
      errorWidth: () => undefined,
    },
    options.signal,
  )
  return { code, stdout: output.text, stderr: errors.text }
}

class TextSink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** Splits a line at blanks outside quotes. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  )
}
