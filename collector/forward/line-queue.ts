/**
 * A bounded queue of encoded lines in large byte chunks, so that many lines leave by one write. It
 * knows where lines begin, and hence how many datagrams a partial write has completed.
 */

/** The usual size of a pipe: it would not accept a larger write at once. */
const CHUNK_BYTES = 65_536

/**
 * Spare chunks, 1 MiB: allocating new ones whenever a reader lags costs much garbage collection.
 */
const MAX_SPARES = 16

const NEWLINE = 0x0a
/** The first byte of a datagram's line, `[`. */
const DATAGRAM = 0x5b
/** The first byte of a report's line, `{`. */
const REPORT = 0x7b

/**
 * The bytes to write next: `buffer` from `start` to `end`. Valid until the next change of the
 * queue.
 */
interface QueueHead {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** The place for a line: `buffer` from `position` on. */
interface Slot {
  readonly buffer: Buffer
  readonly position: number
}

interface Chunk {
  readonly buffer: Buffer
  /** The first byte that was not accepted yet. */
  start: number
  /** The start of the line that contains `start`. */
  lineStart: number
  end: number
  /** Lines that are not wholly accepted yet. */
  datagrams: number
  reports: number
}

export class LineQueue {
  readonly #maxBytes: number
  readonly #chunks: Chunk[] = []
  readonly #spares: Buffer[] = []
  /** Reused for each datagram. */
  readonly #slot: { buffer: Buffer; position: number } = { buffer: Buffer.alloc(0), position: 0 }
  #bytes = 0
  #datagrams = 0
  #reports = 0

  /** @param maxBytes bounds the bytes not accepted yet; a single line may exceed it */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes that were not accepted yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** Datagrams whose line is not wholly accepted yet. */
  get datagrams(): number {
    return this.#datagrams
  }

  /** Reports whose line is not wholly accepted yet. */
  get reports(): number {
    return this.#reports
  }

  /**
   * Makes room for a datagram's line of `bytes` bytes (ASCII, with its newline). The caller writes
   * the line there before it calls anything else here.
   *
   * @returns undefined when the line does not fit
   */
  reserve(bytes: number): Slot | undefined {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) return undefined
    const chunk = this.#append(bytes)
    chunk.datagrams += 1
    this.#datagrams += 1
    this.#slot.buffer = chunk.buffer
    this.#slot.position = chunk.end - bytes
    return this.#slot
  }

  /** Appends a report's line (ASCII, with its newline), which always fits. */
  pushReport(line: string): void {
    const chunk = this.#append(line.length)
    chunk.buffer.write(line, chunk.end - line.length, 'latin1')
    chunk.reports += 1
    this.#reports += 1
  }

  /** Puts bytes before all lines, and counts none of their lines. Only at the start of a line. */
  prepend(bytes: Buffer): void {
    const end = bytes.length
    if (end === 0) return
    this.#chunks.unshift({ buffer: bytes, start: 0, lineStart: 0, end, datagrams: 0, reports: 0 })
    this.#bytes += end
  }

  /** Returns the bytes to write next; undefined when all were accepted. */
  head(): QueueHead | undefined {
    return this.#bytes > 0 ? this.#chunks[0] : undefined
  }

  /** Discards all lines that were not wholly accepted. @returns how many of them were datagrams */
  clear(): number {
    const datagrams = this.#datagrams
    this.#chunks.length = 0
    this.#bytes = 0
    this.#datagrams = 0
    this.#reports = 0
    return datagrams
  }

  /** Returns the position in the head's buffer after the first newline from the head's start on. */
  endOfFirstLine(): number {
    const head = this.#chunks[0]
    return head ? head.buffer.indexOf(NEWLINE, head.start) + 1 : 0
  }

  /** Removes the first `bytes` of the head. @returns how many datagrams they completed */
  accept(bytes: number): number {
    const head = this.#chunks[0]
    if (!head) return 0
    this.#bytes -= bytes
    const before = head.datagrams
    if (head.start + bytes < head.end) this.#acceptPart(head, head.start + bytes)
    else this.#acceptAll(head)
    const datagrams = before - head.datagrams
    this.#datagrams -= datagrams
    return datagrams
  }

  /** Goes back to the start of a line that was cut, because its receiver is gone. */
  rewindToLineStart(): void {
    const head = this.#chunks[0]
    if (!head) return
    this.#bytes += head.start - head.lineStart
    head.start = head.lineStart
  }

  #append(bytes: number): Chunk {
    let chunk = this.#chunks.at(-1)
    if (!chunk || chunk.end + bytes > chunk.buffer.length) {
      if (chunk?.end === 0) this.#chunks.pop()
      const spare = bytes <= CHUNK_BYTES ? this.#spares.pop() : undefined
      // Not from Node's pool, of which one queued line would keep a whole slab alive.
      const buffer = spare ?? Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes))
      chunk = { buffer, start: 0, lineStart: 0, end: 0, datagrams: 0, reports: 0 }
      this.#chunks.push(chunk)
    }
    chunk.end += bytes
    this.#bytes += bytes
    return chunk
  }

  #acceptPart(chunk: Chunk, end: number): void {
    let reports = 0
    let newline = chunk.buffer.indexOf(NEWLINE, chunk.start)
    while (newline >= 0 && newline < end) {
      // The lines of a chunk with counts of 0 were counted before.
      const kind = chunk.buffer[chunk.lineStart]
      if (kind === DATAGRAM && chunk.datagrams > 0) chunk.datagrams -= 1
      else if (kind === REPORT && chunk.reports > 0) reports += 1
      chunk.lineStart = newline + 1
      newline = chunk.buffer.indexOf(NEWLINE, chunk.lineStart)
    }
    chunk.start = end
    chunk.reports -= reports
    this.#reports -= reports
  }

  #acceptAll(chunk: Chunk): void {
    this.#reports -= chunk.reports
    chunk.datagrams = 0
    chunk.reports = 0
    const isUsual = chunk.buffer.length === CHUNK_BYTES
    if (this.#chunks.length > 1 || !isUsual) {
      this.#chunks.shift()
      if (isUsual && this.#spares.length < MAX_SPARES) this.#spares.push(chunk.buffer)
      return
    }
    // The only chunk is refilled, so that a collector that keeps up allocates nothing here.
    chunk.start = 0
    chunk.lineStart = 0
    chunk.end = 0
  }
}
