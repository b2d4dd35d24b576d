/** Many questions beside the pipeline: nothing is lost, and the server's memory has a bound. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sendPaced } from '../../bench/traffic/paced-sender.ts'
import { V5_SINGLE_STREAM } from '../../bench/traffic/sample-messages.ts'
import { WebLoad } from '../../bench/traffic/web-load.ts'
import { startPipeline } from '../../helpers/pipeline.ts'

const SECONDS = 10
const DATAGRAMS_PER_SECOND = 2_000
/** Node.js itself has about 90 MB, and kept answers at most 32 MB, compressed once more. */
const MAX_SERVER_BYTES = 350e6

describe('many questions beside the pipeline', () => {
  it('lose no datagram, get only answers or "later", and need a bounded amount of memory', async () => {
    const pipeline = await startPipeline({ environment: { ROLLUPS: 'off' } })
    const web = await WebLoad.start(pipeline.databaseUrl)
    try {
      const count = SECONDS * DATAGRAMS_PER_SECOND
      const { datagram } = V5_SINGLE_STREAM
      const range = 'since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z'
      const asked = web.run({
        seconds: SECONDS,
        cached: { path: `/api/top?${range}`, rate: 1_000 },
        heavy: { path: '/api/conversations?since=1h&limit={n}', clients: 50 },
      })
      await sendPaced({ port: pipeline.port, count, rate: DATAGRAMS_PER_SECOND, datagram })
      const { cachedStatuses, heavyStatuses } = await asked
      await pipeline.expectNumber('select count(*) from flows', count)
      await pipeline.expectNumber('select coalesce(sum(lost), 0) from exporter_streams', 0)
      assert.deepEqual(cachedStatuses, { 200: SECONDS * 1_000 })
      const unexpected = Object.keys(heavyStatuses).filter(
        (status) => !['200', '503', '504'].includes(status),
      )
      assert.deepEqual(unexpected, [], JSON.stringify(heavyStatuses))
      assert.ok((heavyStatuses[200] ?? 0) > 0, JSON.stringify(heavyStatuses))
      const peak = web.peakBytes
      assert.ok(peak === undefined || peak < MAX_SERVER_BYTES, String(peak))
    } finally {
      await web.stop()
      await pipeline.stop()
    }
  })
})
