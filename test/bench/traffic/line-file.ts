/** Writes files of pipe lines for the writer, as a collector would write them into the pipe. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import type { SampleStream } from './sample-messages.ts'

/** The time of the first line. All lines are of one day, so that all rows go into one partition. */
export const RECEIVED_AT_MS = 1_790_000_000_000
const LINES_A_MS = 10
/** Rows per batch, for the writer and for the bare COPY. */
export const BATCH_ROWS = 20_000

export interface LineFile {
  readonly path: string
  readonly bytes: number
  readonly flows: number
}

/**
 * Writes the datagrams of at least `flows` flows, rounded up to whole batches of the writer: the
 * remainder would only wait for its age.
 */
export async function writeLineFile(
  path: string,
  stream: SampleStream,
  flows: number,
  linesAMs = LINES_A_MS,
): Promise<LineFile> {
  const [file] = await writeLineFiles([path], stream, flows, linesAMs)
  return file as LineFile
}

/** Writes the same datagrams into several files, each from another exporter, for one writer to load. */
export async function writeLineFiles(
  paths: readonly string[],
  stream: SampleStream,
  flows: number,
  linesAMs = LINES_A_MS,
): Promise<LineFile[]> {
  const files = paths.map((path) => ({ path, bytes: 0, stream: createWriteStream(path) }))
  const aBatch = Math.ceil(BATCH_ROWS / stream.flowsPerDatagram)
  const datagrams = Math.ceil(flows / stream.flowsPerDatagram / aBatch) * aBatch
  for (let index = 0; index < datagrams; index++) {
    const datagram = stream.datagram(index)
    const receivedAtMs = RECEIVED_AT_MS + index / linesAMs
    for (const [number, file] of files.entries()) {
      const exporter = stream.exporter?.(index) ?? `192.0.2.${number + 1}`
      const line = encodeDatagramLine(datagram, receivedAtMs, exporter, 2055)
      file.bytes += line.length
      if (!file.stream.write(line)) await once(file.stream, 'drain')
    }
  }
  for (const file of files) await finished(file.stream.end())
  return files.map(({ path, bytes }) => ({
    path,
    bytes,
    flows: datagrams * stream.flowsPerDatagram,
  }))
}
