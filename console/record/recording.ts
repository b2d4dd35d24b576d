/** A recording in one file or, by size or time, in several. It leaves room on the disk. */

import { stat, statfs } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { type Compression, HAS_ZSTD } from '../files/codec.ts'
import { CompressedFile } from '../files/compressed-file.ts'

/** A killed process loses the lines of this time at most. */
const FLUSH_MS = 1_000

/** The recording cannot go on; its files stay. */
export class RecordingError extends Error {
  readonly code = 'NO_RECORDING'
}

interface RecordingOptions {
  /** Its ending chooses the compression: .gz or .zst; else an ending is added. */
  readonly path: string
  /** Bytes of one file; 0: no limit. */
  readonly rotateBytes: number
  /** Time of one file; 0: no limit. */
  readonly rotateMs: number
  /** The recording stops when the file system has less free bytes. */
  readonly keepFreeBytes: number
}

export class Recording {
  readonly #options: RecordingOptions
  readonly #path: string
  readonly #compression: Compression
  readonly #files: string[] = []
  #file: CompressedFile | undefined
  #closedBytes = 0
  #startedAt = 0
  #flushedAt = 0

  /** @throws RecordingError when this Node.js does not have the compression of the path */
  constructor(options: RecordingOptions) {
    this.#options = options
    this.#compression = chooseCompression(options.path)
    if (this.#compression === 'zstd' && !HAS_ZSTD) {
      throw new RecordingError(
        'this Node.js has no zstd: end the name in .gz, or use Node.js 22.15 or later',
      )
    }
    const isNamed = endingOf(this.#compression) === extname(options.path)
    this.#path = isNamed ? options.path : options.path + endingOf(this.#compression)
  }

  /** The files so far. */
  get files(): readonly string[] {
    return this.#files
  }

  /** Bytes on the disk, of all files. */
  get fileBytes(): number {
    return this.#closedBytes + (this.#file?.fileBytes ?? 0)
  }

  /** Creates the first file, so that a wrong path is found before anything is read. */
  async open(): Promise<void> {
    await this.#guard(async () => {
      this.#file = await this.#create()
    })
  }

  /**
   * Appends whole lines.
   *
   * @throws RecordingError when the disk is full or the file cannot be written
   */
  async write(lines: Buffer): Promise<void> {
    await this.#guard(async () => {
      await this.#assertRoom()
      const file = await this.#current()
      await file.write(lines)
    })
  }

  /** Writes all lines to the file once a second; call it often. */
  async tick(): Promise<void> {
    const now = performance.now()
    if (!this.#file || now - this.#flushedAt < FLUSH_MS) return
    this.#flushedAt = now
    await this.#guard(async () => {
      await this.#file?.flush()
    })
  }

  /** Ends the recording. May be called twice. */
  async close(): Promise<void> {
    await this.#guard(() => this.#closeFile())
  }

  async #current(): Promise<CompressedFile> {
    const { rotateBytes, rotateMs } = this.#options
    const file = this.#file
    const isFull = file && rotateBytes > 0 && file.fileBytes >= rotateBytes
    const isOld = rotateMs > 0 && performance.now() - this.#startedAt >= rotateMs
    if (file && !isFull && !isOld) return file
    await this.#closeFile()
    this.#file = await this.#create()
    return this.#file
  }

  async #create(): Promise<CompressedFile> {
    this.#startedAt = performance.now()
    const { rotateBytes, rotateMs } = this.#options
    const isRotated = rotateBytes > 0 || rotateMs > 0
    const path = isRotated ? this.#numbered() : this.#path
    const file = await CompressedFile.create(path, this.#compression)
    this.#files.push(path)
    return file
  }

  /** `x.lines.gz` becomes `x-20260102T030405Z-0001.lines.gz`. */
  #numbered(): string {
    const name = basename(this.#path)
    const point = this.#path.length - name.length + name.indexOf('.')
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const number = String(this.#files.length + 1).padStart(4, '0')
    return `${this.#path.slice(0, point)}-${time}-${number}${this.#path.slice(point)}`
  }

  async #assertRoom(): Promise<void> {
    const { keepFreeBytes } = this.#options
    if (keepFreeBytes === 0) return
    const { bavail, bsize } = await statfs(dirname(resolve(this.#path)))
    if (bavail * bsize >= keepFreeBytes) return
    throw new RecordingError(
      `its file system has less than ${keepFreeBytes} bytes free, which stay free (--keep-free)`,
    )
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (!file) return
    await file.close()
    this.#closedBytes += file.fileBytes
  }

  async #guard(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (error instanceof RecordingError) throw error
      throw new RecordingError(describe(error as NodeJS.ErrnoException), { cause: error })
    }
  }
}

function describe({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'its file system is full'
    case 'EFBIG':
      return 'it is as large as a file may be: begin new files by --rotate-size'
    case 'EEXIST':
      return 'there is a file already: choose another name'
    default:
      return message
  }
}

function chooseCompression(path: string): Compression {
  const ending = extname(path)
  if (ending === '.gz') return 'gzip'
  if (ending === '.zst') return 'zstd'
  return HAS_ZSTD ? 'zstd' : 'gzip'
}

function endingOf(compression: Compression): string {
  return compression === 'gzip' ? '.gz' : '.zst'
}

/** Whether two paths are on one file system; false when one of them does not exist. */
export async function isSameFileSystem(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)))
  return first !== undefined && second !== undefined && first.dev === second.dev
}
