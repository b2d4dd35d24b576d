/** Everything that a command uses: options, the database or archive, and the ways to write an answer. */

import type { Writable } from 'node:stream'
import { Archive } from '../archive/archive.ts'
import { loadDuckDb } from '../export/duckdb.ts'
import { joinFilters, parseFilter } from '../query/filter/filter.ts'
import { FilterError, formatFilterError } from '../query/filter/filter-error.ts'
import type { Filter } from '../query/filter/filter-tree.ts'
import type { TimeRange } from '../query/range.ts'
import { type Clock, formatTime, isZone, parseDuration, parseTime } from '../query/times.ts'
import { Database } from './database.ts'
import { UsageError } from './errors.ts'
import type { LineFormat } from './formats/fmt.ts'
import type { Answer } from './output/answer.ts'
import { createPaint } from './output/paint.ts'
import type { TableStyle } from './output/table.ts'
import { type Destination, FORMATS, writeAnswer, writeLines } from './output/write-answer.ts'
import { Progress } from './progress.ts'
import { Resolver } from './resolver.ts'

/** Where a command runs. */
export interface Surroundings {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly environment: NodeJS.ProcessEnv
  readonly folder: string
  readonly nowMs: number
  /** The terminal's width; undefined: the output is no terminal. */
  readonly width: number | undefined
  /** Returns the width of the error output's terminal at this moment; undefined: it is none. */
  readonly errorWidth: () => number | undefined
  /** Ends a command, which may still finish what must be whole. */
  readonly signal?: AbortSignal
}

/** The options of all commands, and of those that ask about a range of time. */
interface CommonOptions {
  readonly databaseUrl?: string
  /** The folder of an archive that is asked instead. */
  readonly archive?: string
  readonly tz?: string
  readonly format?: string
  readonly plain?: boolean
  readonly resolve?: boolean
  readonly since?: string
  readonly until?: string
  readonly exporter?: readonly string[]
  readonly port?: readonly string[]
  readonly proto?: readonly string[]
  readonly as?: readonly string[]
  readonly net?: readonly string[]
}

const DEFAULT_SINCE = '1h'
const PIPED_WIDTH = 1000
const NEVER = new AbortController().signal

export class Terminal {
  readonly surroundings: Surroundings
  readonly options: CommonOptions
  readonly clock: Clock
  readonly #progress: Progress
  #database: Promise<Database> | undefined
  #archive: Promise<Archive> | undefined

  constructor(surroundings: Surroundings, options: CommonOptions) {
    this.surroundings = surroundings
    this.options = options
    const zone =
      options.tz ??
      (surroundings.environment['TZ'] || Intl.DateTimeFormat().resolvedOptions().timeZone)
    if (!isZone(zone)) {
      const name = options.tz === undefined ? 'TZ' : '--tz'
      throw new UsageError(`${name}: "${zone}" is no time zone, such as UTC or Europe/Zurich`)
    }
    this.clock = { nowMs: surroundings.nowMs, zone }
    this.#progress = new Progress(surroundings.stderr, surroundings.errorWidth)
  }

  /** Aborts when the command is to end. */
  get signal(): AbortSignal {
    return this.surroundings.signal ?? NEVER
  }

  /** Shows how far a long command is, on a terminal only; an empty text removes the line. */
  note(text: string): void {
    this.#progress.note(text)
  }

  /** Writes a line to the error output. */
  say(text: string): void {
    this.#progress.clear()
    this.surroundings.stderr.write(`netflow: ${text}\n`)
  }

  /** The database, opened at the first use. */
  get database(): Promise<Database> {
    const { environment, folder } = this.surroundings
    this.#database ??= Database.open({
      databaseUrl: this.options.databaseUrl,
      environment,
      folder,
    }).then((database) => {
      this.#progress.start()
      return database
    })
    return this.#database
  }

  /** Returns the source of answers about flows: the database, or the archive of --archive. */
  source(): Promise<Database | Archive> {
    const { archive } = this.options
    if (archive === undefined) return this.database
    this.#archive ??= this.#openArchive(archive)
    return this.#archive
  }

  async #openArchive(folder: string): Promise<Archive> {
    const archive = await Archive.open(folder, this.range(), loadDuckDb(this.surroundings.folder))
    this.#progress.start()
    return archive
  }

  /** Cancels the running query. */
  async cancel(): Promise<void> {
    await (await this.#database)?.cancel()
    await (await this.#archive)?.cancel()
  }

  async close(): Promise<void> {
    this.#progress.stop()
    await (await this.#database?.catch(() => undefined))?.close()
    await (await this.#archive?.catch(() => undefined))?.close()
  }

  /** Returns the range of --since and --until. */
  range(length = DEFAULT_SINCE): TimeRange {
    const { since, until } = this.options
    // "yesterday" alone means that whole day.
    const end = until ?? (since?.toLowerCase() === 'yesterday' ? 'today' : 'now')
    const to = this.time('--until', end)
    const from =
      since === undefined ? to - (parseDuration(length) ?? 0) : this.time('--since', since)
    if (from >= to) {
      const shown = (ms: number) => formatTime(ms, this.clock.zone)
      throw new UsageError(`--since ${shown(from)} is not before --until ${shown(to)}`)
    }
    return { since: new Date(from).toISOString(), until: new Date(to).toISOString() }
  }

  /** Reads the time of an option, as Unix milliseconds. */
  time(option: string, text: string): number {
    const time = parseTime(text, this.clock)
    if (time !== undefined) return time
    throw new UsageError(
      `${option}: "${text}" is no time: expected 1h, -15m, now, today, yesterday, 2026-11-28, ` +
        '"2026-11-28 12:00", 12:00 or RFC 3339',
    )
  }

  /** Joins the filter of the command line with the conditions of the flags. */
  filter(words: readonly string[], ...more: readonly string[]): Filter {
    const lists = (['exporter', 'port', 'proto', 'as', 'net'] as const).flatMap((name) => {
      const values = this.options[name] ?? []
      if (values.length === 0) return []
      const quoted =
        name === 'exporter' ? values.map((value) => `"${value.replaceAll('"', '')}"`) : values
      return [values.length === 1 ? `${name} ${quoted[0]}` : `${name} in [${quoted.join(' ')}]`]
    })
    return joinFilters([words.join(' '), ...lists, ...more].map(readFilter))
  }

  /** Returns the format: that of --format, else a table on a terminal and CSV elsewhere. */
  format(more: readonly string[] = []): string {
    const { format } = this.options
    if (format === undefined) return this.surroundings.width === undefined ? 'csv' : 'table'
    const known = [...FORMATS, ...more]
    if (known.includes(format) || (format.startsWith('fmt:') && more.includes('fmt:')))
      return format
    throw new UsageError(`--format: "${format}" is none of ${known.join(', ')}`)
  }

  /** Writes an answer. @returns the number of its rows */
  write(answer: Answer, format: string): Promise<number> {
    return this.#write(answer, (destination) => writeAnswer(answer, format, destination))
  }

  /** Writes an answer in a format of lines. */
  writeLines(answer: Answer, { heading, line }: LineFormat): Promise<number> {
    return this.#write(answer, async (destination) => {
      await destination.write(`${heading}\n`)
      return writeLines(answer, destination, (row) => `${line(row, destination.style)}\n`)
    })
  }

  async #write(
    answer: Answer,
    use: (destination: Destination) => Promise<number>,
  ): Promise<number> {
    const resolver = this.options.resolve ? new Resolver() : undefined
    let count = 0
    return use({
      write: (text) => this.print(text),
      style: this.style(resolver),
      onRows: async (rows) => {
        count += rows.length
        this.#progress.count(count)
        await resolver?.prepare(rows, answer.columns)
      },
    })
  }

  style(resolver?: Resolver): TableStyle {
    const { width, environment } = this.surroundings
    const isColoured =
      width !== undefined && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
    return {
      zone: this.clock.zone,
      plain: this.options.plain ?? false,
      width: width ?? PIPED_WIDTH,
      paint: createPaint(isColoured),
      ...(resolver && { nameOf: (address: string) => resolver.nameOf(address) }),
    }
  }

  /** Writes to the output; resolves when the reader takes more. */
  print(text: string): Promise<void> {
    this.#progress.clear()
    if (this.surroundings.stdout.write(text)) return Promise.resolve()
    return new Promise((resolve) => this.surroundings.stdout.once('drain', resolve))
  }
}

function readFilter(text: string): Filter {
  try {
    return parseFilter(text)
  } catch (error) {
    if (error instanceof FilterError) throw new UsageError(formatFilterError(text, error))
    throw error
  }
}

/** Runs a command with a terminal that is closed afterwards. */
export type RunCommand = (
  options: CommonOptions,
  use: (terminal: Terminal) => Promise<void>,
) => Promise<void>
