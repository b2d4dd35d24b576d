/**
 * A bounded queue of encoded lines, kept as large byte chunks so that many lines leave by one
 * write. It knows where lines begin, hence how many datagrams a partial write has carried; it does
 * no input or output itself.
 */

/** Fits the pipe's usual 64 KiB: a larger write could not be accepted at once anyway. */
const CHUNK_BYTES = 65_536

/** Chunks kept for use, 1 MiB: making them anew while a reader lags now and then costs much GC. */
const MAX_SPARES = 16

const NEWLINE = 0x0a
/** The first byte of a datagram's line, `[`. */
const DATAGRAM = 0x5b
/** The first byte of a report's line, `{`. */
const REPORT = 0x7b

/** Bytes to write next: `buffer` from `start` to `end`. Valid until the queue is next changed. */
interface QueueHead {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** Where a line is to be written: `buffer` from `position` on. */
interface Slot {
  readonly buffer: Buffer
  readonly position: number
}

interface Chunk {
  readonly buffer: Buffer
  /** First byte that was not accepted yet. */
  start: number
  /** Where the line begins that `start` lies in. */
  lineStart: number
  end: number
  /** Lines in it that are not wholly accepted yet. */
  datagrams: number
  reports: number
}

export class LineQueue {
  readonly #maxBytes: number
  readonly #chunks: Chunk[] = []
  readonly #spares: Buffer[] = []
  /** Reused, as one is needed for each datagram. */
  readonly #slot: { buffer: Buffer; position: number } = { buffer: Buffer.alloc(0), position: 0 }
  #bytes = 0
  #datagrams = 0
  #reports = 0

  /** @param maxBytes bound of the bytes not accepted yet; a line alone may exceed it */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes that were not accepted yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** Datagrams whose line was not wholly accepted yet. */
  get datagrams(): number {
    return this.#datagrams
  }

  /** Reports whose line was not wholly accepted yet. */
  get reports(): number {
    return this.#reports
  }

  /**
   * Makes room for a datagram's line of `bytes` bytes (ASCII, with its newline), which the caller
   * must write there before anything else happens. Gives nothing when it does not fit.
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

  /** Puts bytes before all lines; what they carry is not counted. Only at the start of a line. */
  prepend(bytes: Buffer): void {
    const end = bytes.length
    if (end === 0) return
    this.#chunks.unshift({ buffer: bytes, start: 0, lineStart: 0, end, datagrams: 0, reports: 0 })
    this.#bytes += end
  }

  /** Gives the bytes to write next, or nothing when all were accepted. */
  head(): QueueHead | undefined {
    return this.#bytes > 0 ? this.#chunks[0] : undefined
  }

  /** Throws away what was not accepted and tells how many datagrams that were. */
  clear(): number {
    const datagrams = this.#datagrams
    this.#chunks.length = 0
    this.#bytes = 0
    this.#datagrams = 0
    this.#reports = 0
    return datagrams
  }

  /** The position in the head's buffer after the first newline from its start on. */
  endOfFirstLine(): number {
    const head = this.#chunks[0]
    return head ? head.buffer.indexOf(NEWLINE, head.start) + 1 : 0
  }

  /** Removes the first `bytes` of the head and tells how many datagrams they completed. */
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

  /** Goes back to the start of the line that was cut, because its receiver is gone. */
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
      // Not from the shared pool, which would keep a whole slab alive for one queued line.
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
      // A chunk that counts nothing carries lines that were counted before.
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
    // The only chunk is filled anew, so that a collector that keeps up allocates nothing here.
    chunk.start = 0
    chunk.lineStart = 0
    chunk.end = 0
  }
}
