/** Reads a real named pipe and keeps its lines. */

import { execFileSync } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { CollectorReport } from '../../shared/pipe-line.ts'

/** Creates a directory, removed after the test. @returns the path for a pipe in it */
export async function makePipePath(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'collector-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'netflow.pipe')
}

export function makePipe(path: string): void {
  execFileSync('mkfifo', ['-m', '600', '--', path])
}

/** A datagram as read from a line of the pipe. */
export interface ReadDatagram {
  readonly payload: Buffer
  readonly receivedAt: number
  readonly address: string
  readonly port: number
}

export class PipeReader {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #bytes = Buffer.alloc(0)

  /** Opens the pipe as the writer does, so that it has no end. */
  constructor(path: string) {
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    this.#socket = new Socket({ fd, readable: true, writable: false })
    this.#socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
  }

  /** All bytes so far. */
  get bytes(): Buffer {
    if (this.#chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks])
      this.#chunks = []
    }
    return this.#bytes
  }

  /** All complete lines so far, including empty ones. */
  get lines(): string[] {
    return this.bytes.toString('latin1').split('\n').slice(0, -1)
  }

  get datagrams(): ReadDatagram[] {
    return this.lines.filter((line) => line.startsWith('[')).map(readDatagram)
  }

  get reports(): CollectorReport[] {
    return this.lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as CollectorReport)
  }

  get finalReport(): CollectorReport | undefined {
    return this.reports.find(({ final }) => final)
  }

  /** Stops reading, so that the pipe fills. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Opens a reader that is closed after the test. */
export function openReader(context: TestContext, path: string): PipeReader {
  const reader = new PipeReader(path)
  context.after(() => reader.close())
  return reader
}

function readDatagram(line: string): ReadDatagram {
  const [payload, receivedAt, [address, port]] = JSON.parse(line) as [
    string,
    number,
    [string, number],
  ]
  return { payload: Buffer.from(payload, 'base64'), receivedAt, address, port }
}
