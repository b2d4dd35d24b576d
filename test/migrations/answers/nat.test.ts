import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { CONCURRENT_INDEXING } from '../../../writer/load/stores/partitioned-store.ts'
import { buildIndexes } from '../../../writer/load/upkeep/address-indexes.ts'
import { ipv6Text } from '../../../writer/netflow/address-text.ts'
import { recordingLogger } from '../../writer/load/loader-harness.ts'
import { AnswersDatabase } from './answers-database.ts'

const PUBLIC = '198.51.100.7'
const OPEN = 4
const CLOSE = 5
const BLOCK_ALLOCATED = 16
const BLOCK_RELEASED = 17

describe('nat_lookup', () => {
  let database: AnswersDatabase
  before(async () => {
    database = await AnswersDatabase.open()
  })
  afterEach(() => database.clear())
  after(() => database?.close())

  /** Adds an event of an inside address at a time of day. */
  async function addEvent(
    event: number,
    [time, inside, port]: readonly [time: string, inside: string, port: number | null],
    extra: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await database.addFlows({
      received_at: `2026-11-28 ${time}Z`,
      flow_start: `2026-11-28 ${time}Z`,
      flow_end: `2026-11-28 ${time}Z`,
      event,
      protocol: 6,
      src_addr: inside,
      src_port: port,
      extra: JSON.stringify({ postNATSourceIPv4Address: PUBLIC, ...extra }),
    })
  }

  async function addDevice(): Promise<void> {
    await database.addStream({ sequence_unit: 'records' })
    await database.addTemplate([
      [0, 230, 1],
      [0, 225, 4],
    ])
  }

  /** Returns the inside addresses and ports that used a public port at a time of day. */
  async function lookUp(port: number, time: string, address = PUBLIC): Promise<string[]> {
    const rows = await database.ask(
      `select host(inside_addr) || ' ' || coalesce(inside_port::text, '-') as inside
       from nat_lookup($1, $2, $3)`,
      [address, port, `2026-11-28 ${time}Z`],
    )
    return rows.map(({ inside }) => String(inside))
  }

  it('finds who had a port between the events that open and close it', async () => {
    await addDevice()
    const port = { postNAPTSourceTransportPort: 20_000 }
    await addEvent(OPEN, ['10:00', '100.64.0.1', 1111], port)
    await addEvent(CLOSE, ['10:30', '100.64.0.1', 1111], port)
    await addEvent(OPEN, ['10:40', '100.64.0.2', 2222], port)
    assert.deepEqual(await lookUp(20_000, '09:59'), [])
    assert.deepEqual(await lookUp(20_000, '10:15'), ['100.64.0.1 1111'])
    assert.deepEqual(await lookUp(20_000, '10:35'), [])
    assert.deepEqual(await lookUp(20_000, '23:00'), ['100.64.0.2 2222'])
    assert.deepEqual(await lookUp(20_001, '10:15'), [])
    assert.deepEqual(await lookUp(20_000, '10:15', '198.51.100.8'), [])
  })

  it('ends a mapping whose end was lost at the next one of its port', async () => {
    await addDevice()
    const port = { postNAPTSourceTransportPort: 20_000 }
    await addEvent(OPEN, ['10:00', '100.64.0.1', 1111], port)
    await addEvent(OPEN, ['11:00', '100.64.0.2', 2222], port)
    assert.deepEqual(await lookUp(20_000, '12:00'), ['100.64.0.2 2222'])
    assert.deepEqual(await lookUp(20_000, '10:30'), ['100.64.0.1 1111'])
  })

  it('finds the owner of a block of ports, by its end or by its size', async () => {
    await addDevice()
    const first = { portRangeStart: 1024, portRangeEnd: 2047 }
    await addEvent(BLOCK_ALLOCATED, ['08:00', '100.64.0.1', null], first)
    await addEvent(BLOCK_RELEASED, ['20:00', '100.64.0.1', null], first)
    const second = { portRangeStart: 2048, portRangeNumPorts: 1024 }
    await addEvent(BLOCK_ALLOCATED, ['08:00', '100.64.0.2', null], second)
    assert.deepEqual(await lookUp(1500, '12:00'), ['100.64.0.1 -'])
    assert.deepEqual(await lookUp(1500, '21:00'), [])
    assert.deepEqual(await lookUp(3071, '12:00'), ['100.64.0.2 -'])
    assert.deepEqual(await lookUp(3072, '12:00'), [])
  })

  it('finds mappings of flows and of firewalls, while they last', async () => {
    const flow = {
      protocol: 17,
      src_addr: '10.0.0.1',
      src_port: 5353,
      flow_start: '2026-11-28 10:00Z',
      flow_end: '2026-11-28 10:10Z',
      received_at: '2026-11-28 10:20Z',
    }
    const names = [
      ['postNATSourceIPv4Address', 'postNAPTSourceTransportPort'],
      ['xlateSourceAddressIPv4', 'xlateSourcePort'],
    ] as const
    for (const [address, port] of names) {
      await database.addFlows({ ...flow, extra: { [address]: PUBLIC, [port]: 777 } })
    }
    assert.deepEqual(await lookUp(777, '10:05'), ['10.0.0.1 5353', '10.0.0.1 5353'])
    assert.deepEqual(await lookUp(777, '10:11'), [])
  })

  it('knows IPv6, as decoder and database write it', async () => {
    const address = ipv6Text(0x20010db8, 0, 0xffff, 0x70000)
    await database.addFlows({
      src_addr: '10.0.0.1',
      flow_start: '2026-11-28 10:00Z',
      flow_end: '2026-11-28 10:10Z',
      extra: { postNATSourceIPv6Address: address, postNAPTSourceTransportPort: 9 },
    })
    assert.deepEqual(await lookUp(9, '10:05', '2001:0db8:0:0:0:ffff:7:0'), ['10.0.0.1 -'])
  })

  it('uses the index of a partition that has ended', async () => {
    await addDevice()
    await database.run(`create table flows_old partition of flows
      for values from ('2020-01-01') to ('2020-01-02')`)
    await database.run(`
      insert into flows (received_at, flow_start, exporter, export_version, observation_domain, event,
        protocol, src_addr, src_port, extra)
      select time, time, '192.0.2.1', 9, 0, 4, 6, '100.64.0.1', 5,
        jsonb_build_object('postNATSourceIPv4Address', '198.51.100.7', 'postNAPTSourceTransportPort', n)
      from generate_series(1, 5000) as n, (values (timestamptz '2020-01-01 12:00Z')) as at (time)`)
    await database.use((client) =>
      buildIndexes(client, {
        indexing: CONCURRENT_INDEXING,
        mode: 'closed',
        logger: recordingLogger([]),
        signal: new AbortController().signal,
      }),
    )
    await database.run('analyze flows')
    const plan = await database.ask(
      `explain select * from nat_mappings('198.51.100.7', 4000, '2020-01-01 13:00Z',
         '2020-01-01 00:00Z', '2020-01-02 00:00Z')`,
    )
    assert.match(JSON.stringify(plan), /flows_old_nat_idx/)
    await database.run('drop table flows_old')
  })
})
