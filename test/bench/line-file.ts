/** Files of pipe lines for the writer to read: what a collector would have written. */

import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { encodeDatagramLine } from '../../shared/pipe-line.ts'
import type { SampleStream } from './sample-messages.ts'

/** All lines are of one day: rows of a benchmark go into one partition. */
export const RECEIVED_AT_MS = 1_790_000_000_000
const LINES_A_MS = 10

export interface LineFile {
  readonly path: string
  readonly bytes: number
  readonly flows: number
  /** The index of the datagram that would follow. */
  readonly next: number
}

/**
 * Writes as many datagrams of a stream as hold `flows` flows, rounded up.
 *
 * @param first the index of the first one, when others went before
 */
export async function writeLineFile(
  path: string,
  stream: SampleStream,
  flows: number,
  first = 0,
): Promise<LineFile> {
  const file = createWriteStream(path)
  const datagrams = Math.ceil(flows / stream.flowsPerDatagram)
  let bytes = 0
  for (let index = first; index < first + datagrams; index++) {
    const receivedAtMs = RECEIVED_AT_MS + index / LINES_A_MS
    const exporter = stream.exporter?.(index) ?? '192.0.2.1'
    const line = encodeDatagramLine(stream.datagram(index), receivedAtMs, exporter, 2055)
    bytes += line.length
    if (!file.write(line)) await new Promise((resolve) => file.once('drain', resolve))
  }
  file.end()
  await finished(file)
  return { path, bytes, flows: datagrams * stream.flowsPerDatagram, next: first + datagrams }
}
