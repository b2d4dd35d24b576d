/** Selects the lines of a recording from the journal's bytes. */

const NEWLINE = 0x0a
const OPEN_BRACKET = 0x5b

export interface RecordedCounts {
  /** Recorded datagrams. */
  datagrams: number
  /** Lines that are neither a datagram nor a report, and are left out. */
  malformed: number
  /** Datagrams of other exporters. */
  others: number
  /** Left out of an anonymous recording, as the template of a set did not come before. */
  withoutTemplate: number
  /** Left out of an anonymous recording, as they might name somebody. */
  unreadable: number
  /** Bytes of the journal that were deleted before they could be read. */
  missedBytes: number
}

export interface RecordedLines {
  readonly counts: RecordedCounts
  /** Bytes of a line that has not ended yet. */
  readonly restBytes: number
  /** Returns the lines to record that the next bytes complete, valid until the next call. */
  push(bytes: Buffer): Buffer
  /** Skips lost bytes, and the lines that they cut. */
  skip(missedBytes: number): void
}

export function createRecordedCounts(): RecordedCounts {
  return {
    ...{ datagrams: 0, malformed: 0, others: 0 },
    ...{ withoutTemplate: 0, unreadable: 0, missedBytes: 0 },
  }
}

/** Records all lines as they are, reports included, without reading them. */
export class AllLines implements RecordedLines {
  readonly counts = createRecordedCounts()
  #rest: Buffer = Buffer.alloc(0)
  /** The bytes up to the next newline may be the rest of a line, which is not recorded. */
  #mayBeTorn = true

  get restBytes(): number {
    return this.#rest.length
  }

  push(bytes: Buffer): Buffer {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const end = all.lastIndexOf(NEWLINE) + 1
    this.#rest = Buffer.from(all.subarray(end))
    let lines = all.subarray(0, end)
    if (this.#mayBeTorn && end > 0) {
      this.#mayBeTorn = false
      if (!beginsLine(lines)) lines = lines.subarray(lines.indexOf(NEWLINE) + 1)
    }
    this.counts.datagrams += countDatagrams(lines)
    return lines
  }

  skip(missedBytes: number): void {
    this.counts.missedBytes += missedBytes + this.#rest.length
    this.#rest = Buffer.alloc(0)
    this.#mayBeTorn = true
  }
}

/**
 * Matches the beginning of a line. The rest of a line may begin with `["`, too, but its address
 * follows.
 */
const LINE_BEGIN = /^(\{"|\["(?!.{1,45}", \d+\]\]))/

function beginsLine(lines: Buffer): boolean {
  return LINE_BEGIN.test(lines.toString('latin1', 0, 64))
}

function countDatagrams(lines: Buffer): number {
  let count = 0
  let start = 0
  while (start < lines.length) {
    if (lines[start] === OPEN_BRACKET) count += 1
    start = lines.indexOf(NEWLINE, start) + 1
  }
  return count
}
