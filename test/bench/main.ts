/** `npm run bench`: what the writer costs, as ratios measured in one run. */

import { cpus } from 'node:os'
import { createTestDatabase } from '../helpers/database.ts'
import { benchCodec, type CodecFigures } from './codec-bench.ts'
import { benchLoad, type LoadFigures } from './load-bench.ts'
import { loadPeerDecoder } from './peer-decoder.ts'
import { writeResults } from './results-file.ts'
import { IPFIX_EXTRA_STREAM, IPFIX_STREAM } from './sample-ipfix.ts'
import { V5_SINGLE_STREAM, V5_STREAM, V9_EXTRA_STREAM, V9_STREAM } from './sample-messages.ts'

const ROWS = 600_000
const ROUNDS = 3

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

const peer = loadPeerDecoder()

function benchCodecs(): CodecFigures[] {
  print(`\nNanoseconds per flow (median of 7, in turn with ${peer.name})`)
  print('                              decode   encode row   peer decodes   peer / ours')
  const streams = [V5_STREAM, V9_STREAM, V9_EXTRA_STREAM, IPFIX_STREAM, IPFIX_EXTRA_STREAM]
  return streams.map((stream) => {
    const figures = benchCodec(stream, peer)
    const { name, decodeNs, decodeAndEncodeNs } = figures
    print(
      [
        name.padEnd(28),
        decodeNs.toFixed(0).padStart(7),
        (decodeAndEncodeNs - decodeNs).toFixed(0).padStart(12),
        (figures.peer?.decodeNs.toFixed(0) ?? '–').padStart(14),
        (figures.peer?.ratio.toFixed(1) ?? '–').padStart(13),
      ].join(' '),
    )
    return figures
  })
}

async function benchLoads(databaseUrl: string): Promise<LoadFigures[]> {
  const all: LoadFigures[] = []
  print(`\nFrom a file of pipe lines to committed rows (median of ${ROUNDS})`)
  print(
    '                            lanes  ratio to bare COPY  writer rows/s  COPY rows/s  writer CPU',
  )
  for (const stream of [V5_STREAM, V9_STREAM, IPFIX_STREAM, V5_SINGLE_STREAM]) {
    for (const lanes of [1, 2]) {
      const rows = stream === V5_SINGLE_STREAM ? ROWS / 4 : ROWS
      const figures = await benchLoad({ databaseUrl, stream, rows, lanes, rounds: ROUNDS })
      all.push(figures)
      const { ratio, writerRowsPerSecond, copyRowsPerSecond, writerCpuSeconds } = figures
      print(
        [
          stream.name.padEnd(28),
          String(lanes).padStart(4),
          ratio.toFixed(2).padStart(19),
          Math.round(writerRowsPerSecond).toLocaleString('en').padStart(14),
          Math.round(copyRowsPerSecond).toLocaleString('en').padStart(12),
          `${writerCpuSeconds.toFixed(2)} s`.padStart(11),
        ].join(' '),
      )
    }
  }
  return all
}

const [cpu] = cpus()
print(`Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}`)
const codec = benchCodecs()
print('The peer makes an object of each flow, we fill one record; it does not decode IPFIX.')
const database = await createTestDatabase()
let load: LoadFigures[]
try {
  load = await benchLoads(database.url)
} finally {
  await database.drop()
}
print(
  "\nRatio: the writer's rows per second divided by those of a bare binary COPY of the same rows",
)
print('into an equal empty table on the same server, in turn. Above 1 the writer is faster.')
const written = writeResults('bench', new Date(), { peer: peer.name, codec, load })
print(`\nThe figures are in ${written}.`)
