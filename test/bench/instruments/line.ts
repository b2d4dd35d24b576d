/** Times how a datagram becomes a line: written in place, and built as a string first. */

import {
  type Datagram,
  encodeSource,
  encodeTime,
  measureDatagramLine,
  writeDatagramLine,
} from '../../../shared/pipe-line.ts'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { ratiosOf } from '../measure/spread.ts'
import type { BenchSize } from '../sizes.ts'
import type { Instrument } from './instrument.ts'

const SIZES = [1_464, 200] as const
/** Lines per pass, as many as the collector writes in one call. */
const LINES = 64
const PASSES = 200
const ADDRESS = '::ffff:192.0.2.1'
const PORT = 50_000

export const LINE: Instrument = {
  id: 'line',
  title: 'Lines of the pipe, nanoseconds per datagram',
  rowTitle: 'datagrams of',
  isQuick: true,
  measure: async ({ size, progress }) => ({
    rows: SIZES.map((bytes) => {
      progress(`lines of ${bytes} bytes`)
      return measureSize(bytes, size)
    }),
    note: 'In place, a time is encoded once for all datagrams received together, a source once.',
  }),
}

type LineWriter = (target: Buffer, position: number, payload: Buffer) => number

function measureSize(bytes: number, { rounds }: BenchSize): BenchRow {
  const payload = Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 73) & 0xff))
  const source = encodeSource(ADDRESS, PORT)
  const inPlace: number[] = []
  const byString: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const nowMs = 1_700_000_000_000.5 + round
    const time = encodeTime(nowMs)
    const inPlaceNs = timeLines(payload, (target, position, buffer) => {
      const datagram: Datagram = { buffer, start: 0, end: buffer.length, time, source }
      writeDatagramLine(target, position, datagram)
      return measureDatagramLine(datagram)
    })
    const byStringNs = timeLines(payload, (target, position, buffer) => {
      const seconds = (nowMs / 1000).toFixed(6)
      const address = ADDRESS.startsWith('::ffff:') ? ADDRESS.slice(7) : ADDRESS
      const line = `["${buffer.toString('base64')}", ${seconds}, ["${address}", ${PORT}]]\n`
      return target.write(line, position, 'latin1')
    })
    // The first round warms up.
    if (round === 0) continue
    inPlace.push(inPlaceNs)
    byString.push(byStringNs)
  }
  const figures = {
    'as fast as by a string': figure(ratiosOf(byString, inPlace), 1),
    'in place ns': figure(inPlace, 0),
    'by a string ns': figure(byString, 0),
  }
  return { name: `${bytes.toLocaleString('en')} bytes`, figures }
}

/** Returns nanoseconds per line. */
function timeLines(payload: Buffer, write: LineWriter): number {
  const target = Buffer.alloc(LINES * (payload.length * 2 + 100))
  const started = process.hrtime.bigint()
  for (let pass = 0; pass < PASSES; pass += 1) {
    let position = 0
    for (let line = 0; line < LINES; line += 1) position += write(target, position, payload)
  }
  return Number(process.hrtime.bigint() - started) / (PASSES * LINES)
}
