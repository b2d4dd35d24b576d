/**
 * The journal: the pipe's bytes in segment files, from the oldest byte that the database may lack to
 * the newest. Positions count the bytes of the stream from its beginning.
 */

import { readdirSync } from 'node:fs'
import { BlockSums } from './block-sums.ts'
import { EndWaits } from './end-waits.ts'
import { JournalError } from './journal-folder.ts'
import { makePrivateFolder } from './private-file.ts'
import { type ByteSource, parseSegmentName, Segment, type SegmentRead } from './segment.ts'

/**
 * Bytes of one read: decoding them takes about half a millisecond. Longer turns of this process let
 * the server wait for rows, as a socket holds the rows of a few milliseconds.
 */
const READ_BYTES = 8 * BlockSums.BLOCK_BYTES
/**
 * Up to this many bytes wait for their checksum until they are read, which is soon. The reader
 * gathers half as many; with less room, these checksums would need another read of the file.
 */
const MAX_UNSEALED_BYTES = 524_288
/** With fewer segments none could be deleted before the limit is reached. */
const MIN_SEGMENTS = 4

export interface JournalOptions {
  readonly folder: string
  /** The journal takes no bytes beyond this size. */
  readonly maxBytes: number
  readonly segmentBytes: number
  /** Whether `sync` brings it to the disk: only a power cut needs that, not a killed process. */
  readonly fsync: boolean
}

/** A stretch of the stream that cannot be read. */
export interface LostBytes {
  readonly kind: 'missing' | 'corrupt'
  readonly from: number
  /** Position after its last byte. */
  readonly to: number
}

/** The stretch that begins at a position, up to `to`. */
export type JournalRead =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly to: number }
  | LostBytes

export class Journal {
  readonly #options: JournalOptions
  readonly #segmentBytes: number
  /** By position. */
  readonly #segments: Segment[] = []
  /** The segment that this process appends to. */
  #active: Segment | undefined
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  /** Bytes of all segments. */
  #bytes = 0
  /** Its end when it was opened; segments from here on belong to this process. */
  #openedAt = 0
  #unsynced = false
  readonly #endWaits = new EndWaits()
  /** The end at the last call of `sealOld`. */
  #oldEnd = 0

  constructor(options: JournalOptions) {
    this.#options = options
    const { segmentBytes, maxBytes } = options
    this.#segmentBytes = Math.min(segmentBytes, Math.floor(maxBytes / MIN_SEGMENTS))
  }

  /**
   * Finds the segments of earlier processes; new bytes go into a new segment.
   *
   * @throws JournalError when the folder cannot be used
   */
  open(): void {
    const { folder } = this.#options
    try {
      makePrivateFolder(folder)
      const starts = readdirSync(folder).flatMap((name) => parseSegmentName(name) ?? [])
      for (const start of starts.sort((a, b) => a - b)) this.#adopt(Segment.find(folder, start))
    } catch (error) {
      if (error instanceof JournalError) throw error
      const text = `JOURNAL_DIR ${folder} must be a folder that can be read and written`
      throw new JournalError(text, error)
    }
  }

  #adopt(segment: Segment): void {
    if (segment.size === 0) {
      // An unused segment still tells by its name where the stream ended.
      this.#openedAt = Math.max(this.#openedAt, segment.start)
      return
    }
    if (segment.start < this.end) {
      throw new JournalError(
        `in the journal the segment that begins at ${segment.start} overlaps the one before it, ` +
          `which ends at ${this.end}: was it copied there? Move one of them out of JOURNAL_DIR`,
      )
    }
    this.#segments.push(segment)
    this.#bytes += segment.size
    this.#openedAt = segment.end
  }

  /** Its end when it was opened. */
  get openedAt(): number {
    return this.#openedAt
  }

  /** Position of the oldest byte in the files. */
  get start(): number {
    return this.#segments[0]?.start ?? this.#openedAt
  }

  /** Position of the next byte to append. */
  get end(): number {
    return this.#active?.end ?? this.#openedAt
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes until the limit. */
  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#bytes)
  }

  /** How full it is, 0 to 1. */
  get fill(): number {
    return this.#bytes / this.#options.maxBytes
  }

  /**
   * Appends up to `maxBytes`, and returns their count.
   *
   * @throws the error of the source, or the system's error when no file can be created; then nothing
   *   is appended
   */
  append(source: ByteSource, maxBytes: number): number {
    const active = this.#activeSegment()
    const fits = Math.min(maxBytes, this.#segmentBytes - active.size)
    const moved = active.append(source, fits)
    if (moved === 0) return 0
    this.#bytes += moved
    this.#unsynced = true
    if (active.unsealedBytes > MAX_UNSEALED_BYTES) active.seal()
    this.#endWaits.note(active.end)
    return moved
  }

  /** Calls `onGrown` once, soon after an `append` has brought the end to `end`; see `EndWaits`. */
  awaitEnd(end: number, onGrown: () => void): () => void {
    return this.#endWaits.add(end, onGrown)
  }

  /**
   * Writes the checksums of bytes that were here at the last call already: nobody has read them. Call it
   * now and then; throws the system's error.
   */
  sealOld(): void {
    const active = this.#active
    const sealedEnd = active ? active.end - active.unsealedBytes : this.end
    if (this.#oldEnd - sealedEnd >= BlockSums.BLOCK_BYTES) active?.seal()
    this.#oldEnd = this.end
  }

  #activeSegment(): Segment {
    const active = this.#active
    if (active && active.size < this.#segmentBytes) return active
    return this.#roll(active)
  }

  #roll(active: Segment | undefined): Segment {
    const next = Segment.create(this.#options.folder, this.end)
    if (active) this.#finish(active)
    this.#active = next
    this.#segments.push(next)
    return next
  }

  #finish(segment: Segment): void {
    segment.seal()
    if (this.#options.fsync && this.#unsynced) segment.syncNow()
    // Bytes of a deleted file can be read as long as it is open.
    if (!segment.isDeleted) segment.close()
  }

  /**
   * Goes on in another segment when somebody has deleted the one that takes the bytes. Call it now and
   * then.
   *
   * @returns the first position of the deleted segment
   * @throws the system's error
   */
  replaceDeleted(): number | undefined {
    const active = this.#active
    if (!active?.isDeleted) return undefined
    this.#roll(active)
    if (active.size === 0) this.#forget(active)
    return active.start
  }

  /**
   * Reads the stretch at `position`; undefined at the end. Its bytes are valid until the next call.
   *
   * @throws the system's error
   */
  read(position: number): JournalRead | undefined {
    if (position >= this.end) return undefined
    const segment = this.#segments.findLast(({ start }) => start <= position)
    if (!segment) return { kind: 'missing', from: position, to: this.start }
    if (position >= segment.end) {
      segment.close()
      const next = this.#segments.find(({ start }) => start > position) as Segment
      return { kind: 'missing', from: position, to: next.start }
    }
    const found = readSegment(segment, position - segment.start, this.#buffer)
    if (!found) return { kind: 'missing', from: position, to: segment.end }
    const { bytes, badBytes } = found
    if (badBytes > 0) return { kind: 'corrupt', from: position, to: position + badBytes }
    const to = position + bytes.length
    if (to === segment.end && segment !== this.#active) segment.close()
    return { kind: 'bytes', bytes, to }
  }

  /** Deletes the segments wholly before `position`; throws the system's error. */
  trim(position: number): void {
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0] as Segment
      if (oldest.end > position) return
      oldest.remove()
      this.#bytes -= oldest.size
      this.#segments.shift()
    }
  }

  /**
   * Moves the bytes of this process to the database's `position`, when that is after the journal's
   * old end: the journal's last bytes were lost, for example in a power cut, but are in the tables.
   *
   * @returns the count of lost bytes; 0 when nothing had to be moved
   * @throws the system's error
   */
  moveAfter(position: number): number {
    const lost = position - this.#openedAt
    if (lost <= 0) return 0
    for (const segment of this.#segments.toReversed()) {
      if (segment.start >= this.#openedAt) segment.rename(segment.start + lost)
    }
    this.#openedAt = position
    return lost
  }

  /** Moves the segments of earlier processes into another folder; throws the system's error. */
  setAside(folder: string): void {
    for (const segment of this.#segments.filter(({ start }) => start < this.#openedAt)) {
      segment.moveTo(folder)
      this.#bytes -= segment.size
      this.#forget(segment)
    }
  }

  #forget(segment: Segment): void {
    segment.close()
    this.#segments.splice(this.#segments.indexOf(segment), 1)
  }

  /** Brings appended bytes to the disk in the background, if `fsync` is set. Call it often. */
  sync(done: (error: Error) => void): void {
    const active = this.#active
    if (!this.#options.fsync || !active || !this.#unsynced || active.isSyncing) return
    this.#unsynced = false
    active.sync((error) => {
      if (error) done(error)
    })
  }

  /** Closes the files. May be called twice. */
  close(): void {
    if (this.#active) this.#finish(this.#active)
    this.#active = undefined
    for (const segment of this.#segments.splice(0)) segment.close()
  }
}

/** @returns undefined when somebody has deleted the file; throws the system's other errors */
function readSegment(segment: Segment, offset: number, buffer: Buffer): SegmentRead | undefined {
  try {
    return segment.read(offset, buffer)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
