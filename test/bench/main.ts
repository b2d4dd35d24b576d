/** `npm run bench`: what the writer costs, as ratios measured in one run. */

import { cpus } from 'node:os'
import { createTestDatabase } from '../helpers/database.ts'
import { benchCodec } from './codec-bench.ts'
import { benchLoad } from './load-bench.ts'
import { V5_SINGLE_STREAM, V5_STREAM, V9_EXTRA_STREAM, V9_STREAM } from './sample-messages.ts'

const ROWS = 600_000
const ROUNDS = 3

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function benchCodecs(): void {
  print('\nNanoseconds per flow (median of 7)   decode   encode row')
  for (const stream of [V5_STREAM, V9_STREAM, V9_EXTRA_STREAM]) {
    const { name, decodeNs, decodeAndEncodeNs } = benchCodec(stream)
    const encodeNs = decodeAndEncodeNs - decodeNs
    print(
      `${name.padEnd(36)} ${decodeNs.toFixed(0).padStart(6)} ${encodeNs.toFixed(0).padStart(12)}`,
    )
  }
}

async function benchLoads(databaseUrl: string): Promise<void> {
  print(`\nFrom a file of pipe lines to committed rows (median of ${ROUNDS})`)
  print(
    '                            lanes  ratio to bare COPY  writer rows/s  COPY rows/s  writer CPU',
  )
  for (const stream of [V5_STREAM, V9_STREAM, V5_SINGLE_STREAM]) {
    for (const lanes of [1, 2]) {
      const rows = stream === V5_SINGLE_STREAM ? ROWS / 4 : ROWS
      const figures = await benchLoad({ databaseUrl, stream, rows, lanes, rounds: ROUNDS })
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
}

const [cpu] = cpus()
print(`Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}`)
benchCodecs()
const database = await createTestDatabase()
try {
  await benchLoads(database.url)
} finally {
  await database.drop()
}
print(
  "\nRatio: the writer's rows per second divided by those of a bare binary COPY of the same rows",
)
print('into an equal empty table on the same server, in turn. Above 1 the writer is faster.')
