/** Losses of softflowd's messages are declared exactly, whatever its sequence numbers count. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { encodeCapture } from '../../helpers/packet-capture.ts'
import { QUICK, startPipeline } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'
import { LossyRelay } from './lossy-relay.ts'
import { missingPrograms, runExporter } from './programs.ts'
import { sampleTraffic } from './sample-traffic.ts'

/** The second message, one in the middle, and two around the second message with templates. */
const LOST = [1, 9, 15, 16]

const FORMAT = {
  // softflowd numbers an IPFIX message after its own flows: the previous number is where it began.
  10: { sequenceAt: 8, unit: 'flows' },
  9: { sequenceAt: 12, unit: 'datagrams' },
} as const

const skip = missingPrograms('softflowd')

describe('softflowd with lost messages', { skip, concurrency: true }, () => {
  for (const version of [9, 10] as const) {
    it(`has exactly these declared in v${version}`, async () => {
      const { sequenceAt, unit } = FORMAT[version]
      const pipeline = await startPipeline({ environment: QUICK })
      const relay = new LossyRelay(pipeline.port, LOST)
      try {
        const capturePath = join(pipeline.folder, 'sample.pcap')
        const startMs = Date.now() - 3_600_000
        const traffic = sampleTraffic({ startMs, families: 'both', lookups: 600 })
        await writeFile(capturePath, encodeCapture(traffic))
        const port = await relay.start()
        const place = ['-r', capturePath, '-n', `127.0.0.1:${port}`, '-v', String(version)]
        const rest = ['-d', '-c', 'none', '-p', 'softflowd.pid']
        await runExporter('softflowd', [...place, ...rest], pipeline.folder)
        const numbers = relay.datagrams.map((datagram) => datagram.readUInt32BE(sequenceAt))
        assert.ok(numbers.length > 30, 'softflowd has sent over two refreshes of its templates')
        const unitsOf = (index: number) => (numbers[index] ?? 0) - (numbers[index - 1] ?? 0)
        const lost = [[1], [9], [15, 16]].map((run) =>
          run.reduce((sum, index) => sum + unitsOf(index), 0),
        )
        const readGaps = () =>
          pipeline.ask('select lost::int, unit from sequence_gaps order by expected')
        await until('three gaps', async () => (await readGaps()).length >= lost.length)
        assert.deepEqual(
          await readGaps(),
          lost.map((units) => ({ lost: units, unit })),
        )
        const streams = await pipeline.ask(
          `select sequence_unit, lost::int, late::int, restarts::int from exporter_streams`,
        )
        const sum = lost.reduce((total, units) => total + units, 0)
        assert.deepEqual(streams, [{ sequence_unit: unit, lost: sum, late: 0, restarts: 0 }])
      } finally {
        relay.stop()
        await pipeline.stop()
      }
    })
  }
})
