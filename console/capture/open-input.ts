/** Reads a file, or the standard input for `-`, and expands it. */

import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { type Codec, createExpander, detectCompression } from '../files/codec.ts'
import { CaptureError } from './capture-error.ts'

const CHUNK_BYTES = 262_144
/** Enough to detect every compression. */
const HEAD_BYTES = 4

/**
 * Reads the chunks of a file, expanded.
 *
 * @throws CaptureError when the file is cut or cannot be expanded, or the system's error
 */
export async function* readInput(path: string): AsyncGenerator<Buffer> {
  const stream: Readable =
    path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES })
  const chunks = stream.iterator()
  const head = await readHead(chunks)
  const compression = detectCompression(head)
  const whole = prepend(head, chunks)
  const expander = createExpander(compression)
  if (expander) yield* expand(whole, expander)
  else if (compression === 'none') yield* whole
  else {
    throw new CaptureError(
      'compressed with zstd, which this Node.js cannot read: use Node.js 22.15 or later, or ' +
        'expand it first (zstd -dc FILE | netflow replay -)',
    )
  }
}

async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < HEAD_BYTES) {
    const { done, value } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

async function* prepend(
  head: Buffer,
  chunks: AsyncIterator<Buffer, undefined>,
): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head
    for (;;) {
      const { done, value } = await chunks.next()
      if (done) return
      yield value
    }
  } finally {
    await chunks.return?.()
  }
}

async function* expand(chunks: AsyncIterable<Buffer>, expander: Codec): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of chunks) {
      await expander.push(chunk)
      yield* expander.take()
    }
    await expander.end()
    yield* expander.take()
  } catch (error) {
    yield* expander.take()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'Z_BUF_ERROR') throw new CaptureError('cut off: its compressed data ends early')
    if (!String(code).startsWith('Z')) throw error
    throw new CaptureError('damaged: its compressed data cannot be expanded', error)
  } finally {
    expander.close()
  }
}
