import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, useLoader } from '../loader-harness.ts'
import { numberedBatch, RECEIVED_AT_MICROS, STREAM_CHANGE } from '../sample-rows.ts'

const LINES = { datagrams: 0, malformed: 0, reports: 0, lostBytes: 0 }

describe('the changes of a batch', () => {
  const given = useLoader()

  it('are written with its rows, and counters add up', async () => {
    await given.harness.loader.start()
    for (const [index, lost] of [8, 0].entries()) {
      const batch = numberedBatch({ from: index, count: 1 })
      batch.changes.streams.push({ ...STREAM_CHANGE, lost })
      batch.changes.gaps.declared.push({
        detectedAtMicros: RECEIVED_AT_MICROS,
        exporter: '192.0.2.1',
        exportVersion: 9,
        observationDomain: 7,
        expected: 4_294_967_290,
        received: 2,
        lost: 8,
        unit: 'datagrams',
        claim: 1,
      })
      batch.changes.collectorReports.set('one', {
        collector: 'one',
        startedAtMicros: RECEIVED_AT_MICROS,
        reportedAtMicros: RECEIVED_AT_MICROS + index,
        received: 100 + index,
        forwarded: 90,
        queueDropped: 10,
        kernelDropped: null,
        final: index === 1,
        firstSent: 90 + index,
        first: LINES,
        last: LINES,
      })
      given.harness.submit(batch)
    }
    await given.harness.committed()
    const { url } = given.database
    const [stream] = await ask(
      url,
      `select exporter, observation_domain, datagrams, flow_records, options_records, held_sets,
         released_sets, expired_sets, malformed_sets, implausible_times, sequence_unit,
         next_sequence, lost, late, duplicates, restarts, clock_skew_ms,
         last_template_at = last_seen - interval '1 second' as template_time_is_right,
         first_seen = last_seen - interval '2 seconds' as first_time_is_right
       from exporter_streams`,
    )
    assert.deepEqual(stream, {
      exporter: '192.0.2.1',
      observation_domain: '7',
      datagrams: '20',
      flow_records: '200',
      options_records: '4',
      held_sets: '6',
      released_sets: '4',
      expired_sets: '2',
      malformed_sets: '8',
      implausible_times: '10',
      sequence_unit: 'datagrams',
      next_sequence: '4294967295',
      lost: '8',
      late: '12',
      duplicates: '14',
      restarts: '2',
      clock_skew_ms: '-250',
      template_time_is_right: true,
      first_time_is_right: true,
    })
    assert.equal((await ask(url, 'select * from sequence_gaps')).length, 2)
    const reports = await ask(url, 'select received, kernel_dropped, final from collector_reports')
    assert.deepEqual(reports, [{ received: '101', kernel_dropped: null, final: true }])
  })

  it('add the counts of one exporter, whatever notations of its address they have', async () => {
    await given.harness.loader.start()
    const none = { received: 0, decoded: 0, held: 0, expired: 0, duplicates: 0, records: 0 }
    const batch = numberedBatch({ from: 0, count: 3 })
    const { counts } = batch.changes
    for (const exporter of ['::102:304', '::1.2.3.4', '192.0.2.1', null]) {
      counts.set(exporter, { ...none, exporter, received: 2, notStored: 1 })
    }
    given.harness.submit(batch)
    await given.harness.committed()
    const rows = await ask(
      given.database.url,
      `select host(exporter) as exporter, received::int, not_stored::int, stored::int
       from exporter_counts where journal = '${given.harness.journalId}'
       order by exporter nulls last`,
    )
    assert.deepEqual(rows, [
      { exporter: '192.0.2.1', received: 2, not_stored: 1, stored: 3 },
      { exporter: '::1.2.3.4', received: 4, not_stored: 2, stored: 0 },
      { exporter: null, received: 2, not_stored: 1, stored: 0 },
    ])
  })

  it('leave an unknown loss NULL until it is known', async () => {
    await given.harness.loader.start()
    const lost = async (value: number | null, from: number) => {
      const batch = numberedBatch({ from, count: 1 })
      batch.changes.streams.push({ ...STREAM_CHANGE, lost: value })
      given.harness.submit(batch)
      await given.harness.committed()
      return (await ask(given.database.url, 'select lost::int from exporter_streams'))[0]?.['lost']
    }
    assert.equal(await lost(null, 0), null)
    assert.equal(await lost(3, 1), 3)
    assert.equal(await lost(null, 2), 3)
  })
})
