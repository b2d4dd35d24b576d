import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { AnswersDatabase } from './answers-database.ts'

describe('flow_details', () => {
  let database: AnswersDatabase
  before(async () => {
    database = await AnswersDatabase.open()
  })
  afterEach(() => database.clear())
  after(() => database?.close())

  it('has names, flags as letters, the duration, and counters as sent and scaled', async () => {
    await database.addStream()
    await database.run(`
      update exporters set name = 'edge';
      insert into names values ('192.0.2.1', 9, 0, 'interface', '7', 'uplink'),
        ('192.0.2.1', 9, 0, 'application', '0d0001c5', 'webex')`)
    await database.addFlows({
      flow_start: '2026-11-28 11:59:00Z',
      flow_end: '2026-11-28 11:59:02.5Z',
      src_addr: '10.0.0.1',
      src_port: 50_000,
      dst_addr: '10.0.0.2',
      dst_port: 443,
      protocol: 6,
      tcp_flags: 0x1b,
      bytes: 1500,
      packets: 10,
      sampling_rate: 100,
      input_if: 7,
      output_if: 8,
      direction: 1,
      forwarding_status: 130,
      flow_end_reason: 3,
      extra: '{"applicationId": "0d0001c5"}',
    })
    const [flow] = await database.ask(
      `select exporter_name, protocol_name, service, application, tcp_flag_letters,
         duration::text, bytes, packets, raw_bytes, raw_packets, input_name, output_name, direction,
         forwarding, drop_reason, end_reason
       from flow_details`,
    )
    assert.deepEqual(flow, {
      exporter_name: 'edge',
      protocol_name: 'tcp',
      service: 'https',
      application: 'webex',
      tcp_flag_letters: '...AP.SF',
      duration: '00:00:02.5',
      bytes: '150000',
      packets: '1000',
      raw_bytes: '1500',
      raw_packets: '10',
      input_name: 'uplink',
      output_name: null,
      direction: 'egress',
      forwarding: 'dropped',
      drop_reason: 'dropped by access list',
      end_reason: 'end of flow',
    })
  })

  it('leaves NULL what the exporter did not send', async () => {
    await database.addFlows({})
    const [flow] = await database.ask('select * from flow_details')
    const known = Object.entries(flow ?? {}).filter(([, value]) => value !== null)
    assert.deepEqual(
      known.map(([name]) => name),
      ['received_at', 'exporter', 'export_version', 'observation_domain'],
    )
  })

  it('names events by what the stream sends: a firewall or a NAT device', async () => {
    await database.addFlows({ event: 5 })
    const name = async () =>
      (await database.ask('select event_name from flow_details'))[0]?.['event_name']
    assert.equal(await name(), 'update')
    await database.addStream()
    await database.addTemplate([[0, 230, 1]])
    assert.equal(await name(), 'NAT44 delete')
    await database.ask(`update templates set fields = fields || '[[0, 233, 1]]'`)
    assert.equal(await name(), 'update')
  })

  it('reads neither names nor exporters when nobody asks for them', async () => {
    const plan = await database.ask(
      `explain select src_addr, bytes from flow_details where received_at >= '2026-11-28'
         and received_at < '2026-11-29'`,
    )
    const text = JSON.stringify(plan)
    assert.match(text, /flows_20261128/)
    assert.doesNotMatch(text, /names|exporters|templates|flows_other/)
  })
})

describe('dropped_flows', () => {
  let database: AnswersDatabase
  before(async () => {
    database = await AnswersDatabase.open()
  })
  afterEach(() => database.clear())
  after(() => database?.close())

  it('has what routers and firewalls dropped, and why', async () => {
    await database.addFlows(
      { src_port: 1, forwarding_status: 64, packets: 1 },
      { src_port: 2, forwarding_status: 131, packets: 2, bytes: 200, sampling_rate: 10 },
      { src_port: 3, event: 3, extra: '{"firewallExtendedEvent": 1001}' },
      { src_port: 4, event: 3 },
      { src_port: 5, event: 1 },
      { src_port: 6, packets: 9, extra: '{"droppedPacketDeltaCount": 4}', sampling_rate: 10 },
      { src_port: 7, packets: 9, extra: '{"droppedPacketDeltaCount": 0}' },
      { src_port: 8, forwarding_status: 191 },
    )
    const rows = await database.ask(
      `select src_port, reason, packets::int, bytes::int from dropped_flows order by src_port`,
    )
    assert.deepEqual(rows, [
      { src_port: 2, reason: 'no route', packets: 20, bytes: 2000 },
      { src_port: 3, reason: 'denied by the ingress access list', packets: null, bytes: null },
      { src_port: 4, reason: 'denied by the firewall', packets: null, bytes: null },
      { src_port: 6, reason: 'some of its packets, no reason sent', packets: 40, bytes: null },
      { src_port: 8, reason: 'not said', packets: null, bytes: null },
    ])
  })

  it('leaves out addresses of a NAT device that are exhausted, which have the same number', async () => {
    await database.addStream()
    await database.addTemplate([[0, 230, 1]])
    await database.addFlows({ event: 3 })
    assert.deepEqual(await database.ask('select from dropped_flows'), [])
  })
})
