/**
 * Reads pipe lines from a file: as datagrams, or as blocks of whole lines for a pipe. Reports of a
 * collector are left out, as they count another run.
 */

import { MAX_DATAGRAM_BYTES } from '../../shared/pipe-line.ts'
import { LineReader } from '../../writer/ingest/line-reader.ts'
import { LineSplitter } from '../../writer/ingest/line-splitter.ts'
import { CaptureError } from './capture-error.ts'
import type { CapturedDatagram } from './captured-datagram.ts'

const NEWLINE = 0x0a
const OPEN_BRACE = 0x7b
const REPORT_AFTER_LINE = Buffer.from('\n{')

/** Whole lines without reports. */
export interface LineBlock {
  readonly bytes: Buffer
  readonly lines: number
}

/** Counts of the lines so far. `isCut`: the file ends within a line. */
export interface LineCounts {
  lines: number
  reports: number
  malformed: number
  isCut: boolean
}

export function createLineCounts(): LineCounts {
  return { lines: 0, reports: 0, malformed: 0, isCut: false }
}

/** Reads the datagrams of each chunk. */
export async function* readLineDatagrams(
  chunks: AsyncIterable<Buffer>,
  counts: LineCounts,
): AsyncGenerator<CapturedDatagram[]> {
  const payload = Buffer.alloc(MAX_DATAGRAM_BYTES)
  const reader = new LineReader(payload)
  let batch: CapturedDatagram[] = []
  const splitter = new LineSplitter(0)
  const takeLine = () => {
    const { bytes, start, end } = splitter
    const kind = reader.read(bytes, start, end)
    if (kind === 'datagram') {
      counts.lines += 1
      const { receivedAtMicros, address, port, length } = reader
      const copy = Buffer.from(payload.subarray(0, length))
      batch.push({ payload: copy, receivedAtMicros, address, port })
    } else if (kind === 'report') {
      counts.reports += 1
    } else if (kind === 'malformed') {
      assertNoJsonFlows(bytes.toString('utf8', start, Math.min(end, start + 200)))
      counts.malformed += 1
    }
  }
  let last = NEWLINE
  for await (const chunk of chunks) {
    splitter.push(chunk)
    for (let kind = splitter.next(); kind !== undefined; kind = splitter.next()) {
      if (kind === 'line') takeLine()
      else counts.malformed += 1
    }
    last = chunk.at(-1) ?? last
    if (batch.length === 0) continue
    yield batch
    batch = []
  }
  counts.isCut = last !== NEWLINE
}

/** Matches a line of a python-netflow file: an object of the receive time and decoded flows. */
const JSON_FLOWS = /^\s*\{\s*"\d+(\.\d+)?"\s*:\s*\{/

/** @throws CaptureError for a file that holds decoded flows instead of datagrams */
function assertNoJsonFlows(line: string): void {
  if (!JSON_FLOWS.test(line)) return
  throw new CaptureError(
    'a file of python-netflow with decoded flows: it has no datagrams, so it cannot be replayed',
  )
}

/** Reads blocks of whole lines, about five times as fast as the datagrams. */
export async function* readLineBlocks(
  chunks: AsyncIterable<Buffer>,
  counts: LineCounts,
): AsyncGenerator<LineBlock> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(NEWLINE) + 1
    rest = bytes.subarray(end)
    const lines = withoutReports(bytes.subarray(0, end), counts)
    const block = { bytes: lines, lines: countLines(lines) }
    counts.lines += block.lines
    if (block.lines > 0) yield block
  }
  counts.isCut = rest.length > 0
}

function withoutReports(block: Buffer, counts: LineCounts): Buffer {
  if (block[0] !== OPEN_BRACE && !block.includes(REPORT_AFTER_LINE)) return block
  const kept: Buffer[] = []
  let start = 0
  while (start < block.length) {
    const end = block.indexOf(NEWLINE, start) + 1
    if (block[start] === OPEN_BRACE) {
      counts.reports += 1
      assertNoJsonFlows(block.toString('utf8', start, Math.min(end, start + 200)))
    } else kept.push(block.subarray(start, end))
    start = end
  }
  return Buffer.concat(kept)
}

/** Counts lines that are not empty. */
function countLines(block: Buffer): number {
  let count = 0
  let start = 0
  while (start < block.length) {
    const end = block.indexOf(NEWLINE, start)
    if (end > start) count += 1
    start = end + 1
  }
  return count
}
