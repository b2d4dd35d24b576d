import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTestDatabase } from '../../../helpers/database.ts'
import { until } from '../../../helpers/until.ts'
import { ask, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch, RECEIVED_AT_MICROS } from '../sample-rows.ts'

describe('the upkeep of a writer', () => {
  it('indexes partitions that have ended and notes the counters of streams, while rows are loaded', async () => {
    const { url, drop } = await createTestDatabase()
    const first = new LoaderHarness(url)
    await first.loader.start()
    const receivedAtMicros = RECEIVED_AT_MICROS - 100 * 86_400e6
    first.submit(numberedBatch({ from: 0, count: 10, receivedAtMicros }))
    await first.committed()
    await first.loader.stop()
    await ask(
      url,
      `insert into exporters (address, first_seen, last_seen) values ('192.0.2.77', now(), now());
       insert into exporter_streams (exporter, export_version, observation_domain, first_seen,
         last_seen, sequence_unit) values ('192.0.2.77', 5, 0, now(), now(), 'flows')`,
    )
    const { journalId } = first
    const again = new LoaderHarness(url, { indexAddresses: 'closed', journalId })
    await again.loader.start()
    again.submit(numberedBatch({ from: 10, count: 10, receivedAtMicros: RECEIVED_AT_MICROS }))
    await again.committed()
    await again.waitForLine(/built an index on a partition/)
    await until('both addresses are indexed', async () => {
      const [found] = await ask(
        url,
        `select 'flows_20260813_dst_addr_idx' = any(indexes)
           and 'flows_20260813_src_addr_idx' = any(indexes) as both
         from flow_partitions where partition = 'flows_20260813'::regclass`,
      )
      return found?.['both'] === true
    })
    const notes = await ask(url, 'select host(exporter) as exporter from stream_history')
    assert.ok(notes.some(({ exporter }) => exporter === '192.0.2.77'))
    await again.loader.stop()
    await drop()
  })
})
