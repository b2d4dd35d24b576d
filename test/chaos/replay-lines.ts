/**
 * The lines of a pipe as some exporters and a collector could have written them: versions with and
 * without templates, losses, duplicates, restarts, data before its template, options, running totals,
 * garbage, malformed lines. Equal seeds and times make equal bytes.
 */

import { encodeReportLine } from '../../shared/pipe-line.ts'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { randomBytes, randomMessage } from '../helpers/hostile-datagrams.ts'
import {
  hex32,
  hex64,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  optionsTemplate,
  set,
  v9MessageOf,
  type Wire,
  words,
} from '../helpers/netflow-bytes.ts'
import { encodeNumbered, type NumberedVersion, sequenceStep } from '../helpers/numbered-messages.ts'
import { Random } from '../helpers/random.ts'

export interface ReplayLinesOptions {
  readonly seed: number
  readonly rounds: number
  /** Receive time of the first line, Unix milliseconds. */
  readonly startMs: number
}

/** In the time of the stream. The lines are read much faster than that, which makes runs alike. */
const ROUND_MS = 20
const FLOWS = 8
const TEMPLATE_EVERY = 150
/** In these first rounds, data comes without its template. */
const HELD_ROUNDS = 40
/** Nothing goes wrong in this many last rounds, and everything is sent once more. */
const CLEAN_ROUNDS = 200
const UPTIME_MS = 3_600_000
const TOTALS_EVERY = 5
/** Flows whose totals come in turn; each total is larger than the one before. */
const TOTAL_FLOWS = 20

interface Round {
  readonly index: number
  readonly rounds: number
  readonly now: number
  readonly isClean: boolean
}

/** An exporter that counts. */
class Numbered {
  readonly #version: NumberedVersion
  #serial = 0
  #sequence = 0
  #bootMs: number

  constructor(version: NumberedVersion, startMs: number) {
    this.#version = version
    this.#bootMs = startMs - UPTIME_MS
  }

  restart(now: number): void {
    this.#sequence = 0
    this.#bootMs = now - 1_000
  }

  #header(now: number, records: number) {
    const sequence = this.#sequence
    this.#sequence += sequenceStep(this.#version, records)
    return { now, uptimeMs: now - this.#bootMs, sequence, domain: 3 }
  }

  next(now: number, withTemplate: boolean): Buffer {
    const flows = { first: this.#serial, count: FLOWS, withTemplate }
    this.#serial += FLOWS
    return encodeNumbered(this.#version, this.#header(now, FLOWS), flows)
  }

  /** A message of other sets, with this many records. */
  nextOf(now: number, records: number, ...sets: readonly Wire[]): Buffer {
    const { uptimeMs, sequence, domain } = this.#header(now, records)
    const seconds = Math.floor(now / 1000)
    return this.#version === 9
      ? v9MessageOf({ uptimeMs, unixSeconds: seconds, sequence, sourceId: domain }, ...sets)
      : ipfixMessageOf({ exportSeconds: seconds, sequence, domain }, ...sets)
  }
}

const text = (value: string, length: number) =>
  Buffer.from(value.padEnd(length, '\0')).toString('hex')

/** A sampler and the name of an interface, as options of v9 and IPFIX say them. */
function optionsOf(version: 9 | 10, rate: number): Buffer[] {
  const sampler = [hex32(0), words(5), hex32(rate)]
  const name = [hex32(17), text(`eth${rate}`, 12)]
  if (version === 9) {
    const samplers = optionsTemplate(300, [[1, 4]], [[48, 2], [50, 4]]) // biome-ignore format: one line
    const names = optionsTemplate(301, [[2, 4]], [[82, 12]])
    return [set(1, samplers), set(1, names), set(300, ...sampler), set(301, ...name)]
  }
  const samplers = ipfixOptionsTemplate(300, 1, [[149, 4], [48, 2], [50, 4]]) // biome-ignore format: one line
  const names = ipfixOptionsTemplate(301, 1, [[10, 4], [82, 12]]) // biome-ignore format: one line
  return [set(3, samplers), set(3, names), set(300, ...sampler), set(301, ...name)]
}

/** Makes the bytes of the stream. */
export function makeReplayLines({ seed, rounds, startMs }: ReplayLinesOptions): Buffer {
  const random = new Random(seed)
  const pipe = new PipeLines(startMs)
  const v5 = new Numbered(5, startMs)
  const v9 = new Numbered(9, startMs)
  const ipfix = new Numbered(10, startMs)
  const totals = new Numbered(10, startMs)
  for (let index = 0; index < rounds; index++) {
    const now = startMs + index * ROUND_MS
    const round = { index, rounds, now, isClean: index > rounds - CLEAN_ROUNDS }
    pipe.now = now
    addFixed(pipe, v5, round)
    addTemplated(pipe, { address: '192.0.2.2', version: 9, exporter: v9 }, round)
    addTemplated(pipe, { address: '192.0.2.3', version: 10, exporter: ipfix }, round)
    if (index % TOTALS_EVERY === 0) addTotal(pipe, totals, round)
    if (!round.isClean) addGarbage(pipe, random)
    if (index % 100 === 99) pipe.addReport(false)
  }
  pipe.addReport(true)
  return pipe.bytes
}

/** Lost, swapped and repeated messages, and a restart. */
function addFixed(pipe: PipeLines, v5: Numbered, { index, rounds, now, isClean }: Round): void {
  if (index === Math.floor(rounds / 2)) v5.restart(now)
  const message = v5.next(now, false)
  if (isClean) pipe.add('192.0.2.1', message)
  else if (index % 53 === 20) {
    pipe.add('192.0.2.1', v5.next(now, false))
    pipe.add('192.0.2.1', message)
  } else if (index % 97 !== 96) pipe.add('192.0.2.1', message)
  if (!isClean && index % 131 === 130) pipe.add('192.0.2.1', message)
}

function addTemplated(
  pipe: PipeLines,
  who: { readonly address: string; readonly version: 9 | 10; readonly exporter: Numbered },
  { index, rounds, now, isClean }: Round,
): void {
  const { address, version, exporter } = who
  const withTemplate = index >= HELD_ROUNDS && (index - HELD_ROUNDS) % TEMPLATE_EVERY === 0
  const message = exporter.next(now, withTemplate || index === rounds - 1)
  if (isClean || index % 89 !== 88) pipe.add(address, message)
  if (index % 300 === 299 || index === rounds - 1) {
    const rate = index < rounds / 2 ? 100 : 200
    pipe.add(address, exporter.nextOf(now, 2, ...optionsOf(version, rate)))
  }
  // Their templates must be known from before.
  if (index > 300 && index % 300 === 150) {
    pipe.add(address, exporter.nextOf(now, 2, ...optionsOf(version, 100).slice(2)))
  }
  // Its template never comes.
  if (!isClean && index % 211 === 210) {
    pipe.add(address, exporter.nextOf(now, 1, set(999, hex32(index))))
  }
}

/** Adds a running total of a flow; its row has the growth since the previous message. */
function addTotal(pipe: PipeLines, exporter: Numbered, { index, now }: Round): void {
  const flow = Math.floor(index / TOTALS_EVERY) % TOTAL_FLOWS
  const fields = ipfixTemplate(400, [[8, 4], [7, 2], [85, 8]]) // biome-ignore format: one line
  const data = set(400, hex32(0x0a000000 + flow), words(flow), hex64(index * 100))
  const sets = index % TEMPLATE_EVERY === 0 ? [set(2, fields), data] : [data]
  pipe.add('192.0.2.6', exporter.nextOf(now, 1, ...sets))
}

function addGarbage(pipe: PipeLines, random: Random): void {
  const choice = random.below(60)
  if (choice === 0) pipe.add('192.0.2.4', randomBytes(random))
  if (choice === 1) pipe.add('192.0.2.5', randomMessage(random))
  if (choice === 2) pipe.addText('["half a line')
  if (choice === 3) pipe.addText('')
  if (choice === 4 && random.below(10) === 0) pipe.addText('x'.repeat(300_000))
}

/** The lines of a collector. */
class PipeLines {
  readonly #startMs: number
  readonly #lines: Buffer[] = []
  #datagrams = 0
  now: number

  constructor(startMs: number) {
    this.#startMs = startMs
    this.now = startMs
    this.addReport(false)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#lines)
  }

  add(address: string, datagram: Buffer): void {
    this.#datagrams += 1
    this.#lines.push(Buffer.from(encodeDatagramLine(datagram, this.now, address, 2055)))
  }

  addText(line: string): void {
    this.#lines.push(Buffer.from(`${line}\n`))
  }

  addReport(final: boolean): void {
    const report = {
      collector: '8f14e45f-ceea-467f-a9d4-1f0b2c3d4e5f',
      startedAt: this.#startMs / 1000,
      time: this.now / 1000,
      received: this.#datagrams,
      forwarded: this.#datagrams,
      queueDropped: 0,
      kernelDropped: 0,
      final,
    }
    this.#lines.push(Buffer.from(encodeReportLine(report)))
  }
}
