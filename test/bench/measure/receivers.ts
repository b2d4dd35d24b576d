/** Starts receivers of datagrams: the collector with a pipe that is only drained, or a bare socket. */

import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { CollectorReport } from '../../../shared/pipe-line.ts'
import { endProcess } from './end-process.ts'

const COLLECTOR = fileURLToPath(new URL('../../../collector/main.js', import.meta.url))
const BARE_RECEIVER = fileURLToPath(new URL('./bare-receiver.js', import.meta.url))
const RECEIVE_BUFFER_BYTES = 33_554_432
/** The end of the pipe's bytes that is kept; the final report is much shorter. */
const TAIL_BYTES = 4_096

/** A running receiver. */
export interface Receiver {
  readonly pid: number
  readonly port: number
  /** Ends it after it has received all that the kernel holds; returns how many datagrams it counted. */
  readonly stop: () => Promise<number>
}

/** Starts a receiver that keeps its files in a folder. */
export type StartReceiver = (folder: string) => Promise<Receiver>

/** Starts the collector, which counts the datagrams that it wrote into the pipe. */
export async function startCollector(parent: string): Promise<Receiver> {
  const folder = await mkdtemp(join(parent, 'collector-'))
  const pipe = join(folder, 'netflow.pipe')
  execFileSync('mkfifo', [pipe])
  const reader = spawn('tail', ['-c', String(TAIL_BYTES), pipe], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const tail = text(reader.stdout)
  const child = fork(COLLECTOR, {
    env: {
      ...process.env,
      NAMED_PIPE_FILENAME: pipe,
      NETFLOW_HOST: '127.0.0.1',
      NETFLOW_PORT: '0',
      UDP_RECEIVE_BUFFER_BYTES: String(RECEIVE_BUFFER_BYTES),
      METRICS_PORT: '0',
      LOG_LEVEL: 'fatal',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return {
    ...(await ready(child).finally(() => child.exitCode !== null && reader.kill())),
    stop: async () => {
      await endProcess(child)
      const { forwarded } = readFinalReport(await tail)
      await rm(folder, { recursive: true })
      return forwarded
    },
  }
}

function readFinalReport(tail: string): CollectorReport {
  const line = tail.trimEnd().split('\n').at(-1) ?? ''
  const report = (line.startsWith('{') ? JSON.parse(line) : {}) as CollectorReport
  if (!report.final) throw new Error(`the collector exited without a final report: ${line}`)
  return report
}

/** Starts a socket that only counts. */
export async function startBareReceiver(): Promise<Receiver> {
  const child = fork(BARE_RECEIVER, [String(RECEIVE_BUFFER_BYTES)])
  return {
    ...(await ready(child)),
    stop: async () => {
      const answer = once(child, 'message')
      await endProcess(child)
      const [{ received }] = (await answer) as [{ received: number }]
      return received
    },
  }
}

async function ready(child: ChildProcess): Promise<{ pid: number; port: number }> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`a receiver exited with ${code} at its start`)))
    child.once('message', ({ ports }: { ports: number[] }) =>
      resolve({ pid: child.pid as number, port: ports[0] as number }),
    )
  })
}
