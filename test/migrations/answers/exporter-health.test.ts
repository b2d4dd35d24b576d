import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { AnswersDatabase } from './answers-database.ts'

const KEY = `'192.0.2.1', 9, 0`

/** Each trouble of an exporter, in SQL, has one sentence of advice. */
const COMPLAINTS: readonly (readonly [title: string, sql: string, sentence: RegExp])[] = [
  [
    'an exporter that was registered but not heard',
    `delete from exporter_streams;
     alter table exporters alter column last_seen drop not null;
     update exporters set last_seen = null`,
    /^Nothing has been received from it yet: check its target address and port/,
  ],
  [
    'an exporter whose flows are not stored',
    'update exporters set enabled = false',
    /^Its flows are not stored.*set enabled = true where address = '192\.0\.2\.1';$/,
  ],
  [
    'silence for longer than usual',
    `update exporter_streams set last_seen = now() - interval '20 minutes'`,
    /^Nothing has been received since \d+-.*: check the exporter, its target and the network\.$/,
  ],
  [
    'loss',
    'update exporter_streams set lost = 10',
    /^0\.99 % of its datagrams were lost in the last day: look for drops on the way/,
  ],
  [
    'loss that this host may have caused at its receive buffer',
    `update exporter_streams set lost = 1;
     insert into collector_reports (collector, started_at, reported_at, received, forwarded,
       queue_dropped, kernel_dropped, final) values ('a', now(), now(), 9, 9, 0, 5, false)`,
    /^This host drops datagrams before they are read: raise net\.core\.rmem_max/,
  ],
  [
    'loss that this host may have caused in its queue',
    `update exporter_streams set lost = 1;
     insert into collector_reports (collector, started_at, reported_at, received, forwarded,
       queue_dropped, kernel_dropped, final) values ('a', now(), now(), 9, 9, 5, 0, false)`,
    /^The collector's queue drops datagrams, as the writer is too slow or away: look at its log/,
  ],
  [
    'sequence numbers without a unit',
    `update exporter_streams set sequence_unit = 'none', lost = null`,
    /^Its sequence numbers fit no known unit.*set sequence_check = '…' where address = '192\.0\.2\.1';$/,
  ],
  [
    'strays',
    'update exporter_streams set strays = 50',
    /continue none of its numberings: 50\. .*find the other sender\.$/,
  ],
  [
    'duplicates',
    'update exporter_streams set duplicates = 50',
    /came twice, and were stored once: 50\. Look for a relay or mirror port/,
  ],
  [
    'restarts',
    'update exporter_streams set restarts = 5',
    /^It restarted its export 5 times in the last day: look at its log/,
  ],
  [
    'data sets that wait for a template',
    `insert into journal_positions values ('${crypto.randomUUID()}', 0);
     insert into held_sets (journal, id, exporter, export_version, observation_domain, template_id,
       source_port, received_at, exported_at, sequence, content)
     select journal, 1, ${KEY}, 300, 0, now() - interval '5 minutes', now(), 0, ''
     from journal_positions`,
    /^Data sets that wait for their template: 1\. Let it send templates every few minutes/,
  ],
  [
    'data sets whose template never came',
    'update exporter_streams set expired_sets = 3',
    /^Data sets given up in the last day, as their template never came: 3\. Let it send templates/,
  ],
  [
    'templates that come too rarely',
    'update templates set refresh_ms = 3600000',
    /^It sends its templates every 01:00:00 only: .* Set the refresh to ten minutes or less\.$/,
  ],
  [
    'templates that stopped coming',
    `update templates set refresh_ms = 60000;
     update exporter_streams set last_template_at = now() - interval '20 minutes'`,
    /^Its templates came every 00:01:00, but the last one came at .*: check whether it still sends/,
  ],
  [
    'a template that keeps changing',
    'update templates set redefinitions = 12',
    /^It keeps changing template 256 \(12 times\): .* Give each its own address or source id\.$/,
  ],
  [
    'sets that cannot be read',
    'update exporter_streams set malformed_sets = 2',
    /^Sets of the last day that could not be read: 2\. Update the exporter/,
  ],
  [
    'datagrams that are no message',
    `insert into journal_positions values ('${crypto.randomUUID()}', 0);
     insert into rejected_datagrams
     select journal, '192.0.2.1', 'rejected', 'unknown-version', 100 from journal_positions`,
    /no NetFlow message: 100 \(unknown-version\)\. Check what else sends to this port\.$/,
  ],
  [
    'records that the database refused',
    `insert into rejected_records (exporter, sqlstate, reason, record)
     values ('192.0.2.1', '23514', 'a check', '{}')`,
    /^Records of the last day that the database refused: 1\. See rejected_records/,
  ],
  [
    'a clock that is slow',
    'update exporter_streams set clock_skew_ms = 90000',
    /^Its clock is 00:01:30 slow: set it by NTP\./,
  ],
  [
    'a clock that is fast',
    'update exporter_streams set clock_skew_ms = -90000',
    /^Its clock is 00:01:30 fast: set it by NTP\./,
  ],
  [
    'times that cannot be right',
    'update exporter_streams set implausible_times = 7',
    /times far from their receipt: 7\. Check its time zone and uptime/,
  ],
  [
    'rates with the low byte first',
    `update exporter_streams set suggested_byte_order = 'little'`,
    /low byte first\. If so: update exporters set sampling_byte_order = 'little' where/,
  ],
  [
    'a sampler without a rate',
    `update exporter_streams set flows_without_rate = flow_records;
     delete from samplers; update templates set fields = '[[0, 48, 1]]';
     insert into flows (received_at, exporter, export_version, observation_domain, extra)
     values (now(), ${KEY}, '{"samplerId": 1}')`,
    /^Its flows name a sampler, but no rate is known, .*set sampling_default = … where address/,
  ],
  [
    'flows from before the rate was known',
    `update exporter_streams set flows_without_rate = 30; update samplers set sampling_rate = 100`,
    /stored before its sampling rate was known: 30\. They count as unsampled/,
  ],
  [
    'flows that are exported twice',
    `insert into flows (received_at, exporter, export_version, observation_domain, protocol, src_addr,
       dst_addr, src_port, dst_port, direction)
     select now(), ${KEY}, 6, '10.0.0.1', '10.0.0.2', port, 443, way
     from generate_series(1, 20) as port, generate_series(0, 1) as way`,
    /^It exports flows on the way in and on the way out, so sums count them twice/,
  ],
  [
    'two versions at once',
    `insert into exporter_streams (exporter, export_version, observation_domain, first_seen, last_seen,
       flow_records, sequence_unit) values ('192.0.2.1', 5, 0, now(), now(), 5, 'flows')`,
    /^It sends version 5 and version 9 at once\. .*: switch one off\.$/,
  ],
]

describe('exporter_health', () => {
  let database: AnswersDatabase
  before(async () => {
    database = await AnswersDatabase.open()
  })
  beforeEach(async () => {
    await database.addStream({
      datagrams: 1_000,
      flow_records: 30_000,
      lost: 0,
      clock_skew_ms: 300,
      last_template_at: 'now',
    })
    await database.addTemplate([[0, 1, 8]])
    await database.run(`
      update exporter_streams set first_seen = now() - interval '50 minutes';
      update templates set refresh_ms = 600000;
      insert into samplers (exporter, export_version, observation_domain, scope, scope_value,
        sampling_rate, source, status, last_seen)
      values (${KEY}, 'domain', 0, 1, 'samplingInterval', 'confirmed', now())`)
  })
  afterEach(() => database.clear())
  after(() => database?.close())

  it('has no advice on a healthy exporter, and its rates, templates and sampling', async () => {
    const [health] = await database.ask(
      `select export_version, flows_per_second::float8, flows_per_second_day::float8,
         loss_percent::float8, loss_causes, clock_skew::text, template_refresh::text,
         next_template_due > now() as is_due_later, sampling_rates, sampling_source, advice
       from exporter_health`,
    )
    assert.deepEqual(health, {
      export_version: 9,
      flows_per_second: 10,
      flows_per_second_day: 10,
      loss_percent: 0,
      loss_causes: [],
      clock_skew: '00:00:00.3',
      template_refresh: '00:10:00',
      is_due_later: true,
      sampling_rates: '1',
      sampling_source: 'samplingInterval',
      advice: [],
    })
  })

  it('has none where an exporter of an old version sends no sequence and no rate', async () => {
    await database.run(`
      update exporter_streams set export_version = 1, sequence_unit = 'none', lost = null,
        flows_without_rate = flow_records, last_template_at = null`)
    await database.run('delete from templates; delete from samplers')
    const [health] = await database.ask('select advice, sampling_source from exporter_health')
    assert.deepEqual(health, { advice: [], sampling_source: 'unknown' })
  })

  it('has none where flows name the sampler 0, which does not sample', async () => {
    await database.run(`
      update exporter_streams set flows_without_rate = flow_records;
      delete from samplers; update templates set fields = '[[0, 48, 1]]';
      insert into flows (received_at, exporter, export_version, observation_domain, extra)
      values (now(), ${KEY}, '{"samplerId": 0}')`)
    assert.deepEqual(await database.ask('select advice from exporter_health'), [{ advice: [] }])
  })

  it('says of an exporter whose datagrams are all rejected only that', async () => {
    await database.run(`
      delete from exporter_streams;
      insert into journal_positions values ('${crypto.randomUUID()}', 0);
      insert into rejected_datagrams
      select journal, '192.0.2.1', 'rejected', 'too-short', 1 from journal_positions`)
    const rows = await database.ask(
      'select cardinality(advice) as sentences, advice[1] as first from exporter_health',
    )
    assert.equal(rows[0]?.['sentences'], 1)
    assert.match(String(rows[0]?.['first']), /no NetFlow message: 1 \(too-short\)/)
  })

  it('names the causes of what is missing', async () => {
    await database.run(`
      update exporter_streams set lost = 40, expired_sets = 2, malformed_sets = 1;
      insert into collector_reports (collector, started_at, reported_at, received, forwarded,
        queue_dropped, kernel_dropped, final) values ('a', now(), now(), 9, 9, 4, 5, false);
      insert into rejected_records (exporter, sqlstate, reason, record)
      values ('192.0.2.1', '23514', 'a check', '{}')`)
    const [health] = await database.ask('select loss_causes from exporter_health')
    assert.deepEqual(health?.['loss_causes'], [
      '40 datagrams on the way',
      '5 datagrams of all exporters at the receive buffer of this host',
      '4 datagrams of all exporters by the queue of the collector',
      '2 data sets without their template',
      '1 sets that could not be read',
      '1 records that the database refused',
    ])
  })

  it('knows the sampling that an operator has set', async () => {
    await database.run('update exporters set sampling_override = 512; delete from samplers')
    const sampling = 'select sampling_rates, sampling_source from exporter_health'
    const expected = [{ sampling_rates: '512', sampling_source: 'set in exporters' }]
    assert.deepEqual(await database.ask(sampling), expected)
  })

  for (const [title, sql, sentence] of COMPLAINTS) {
    it(`says what to do about ${title}`, async () => {
      await database.run(sql)
      const rows = await database.ask(
        'select advice from exporter_health order by export_version desc',
      )
      const advice = rows[0]?.['advice'] as string[]
      assert.ok(
        advice.some((text) => sentence.test(text)),
        `${sentence} is not among ${JSON.stringify(advice)}`,
      )
      // A loss that this host explains is a loss as well.
      assert.ok(advice.length === 1 || /lost = 1;/.test(sql), JSON.stringify(advice))
    })
  }
})
