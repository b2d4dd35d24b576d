/** Exporters behind one address that define a template differently: no row is read by the other's. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hex32, ipfixOptionsTemplate, set, type Wire } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import {
  feed,
  interleave,
  type Layout,
  PMACCT,
  PortExporter,
  type Sent,
  SOFTFLOWD,
} from './port-exporter.ts'

/** Every column of a flow but its exporter and the time of its receipt. */
const FLOWS = `
  select observation_domain, src_addr, dst_addr, src_port, dst_port, protocol, bytes, packets, extra
  from flows where exporter = any ($1::inet[])`

const MIXED = `
  select mixed_templates_at is not null as mixed from exporter_streams where exporter = $1`

/** The fields of pmacct in another order. */
const OTHER_ORDER: Layout = {
  fields: [...PMACCT.fields.slice(5), ...PMACCT.fields.slice(0, 5)],
  record: (bytes) => {
    const [protocol, ports, addresses, packets, octets] = PMACCT.record(bytes) as Wire[]
    return [packets, octets, protocol, ports, addresses] as Wire[]
  },
}

describe('two exporters behind one address', () => {
  let pipeline: Pipeline
  let addresses = 0
  before(async () => {
    pipeline = await startWriterAlone({ environment: QUICK })
  })
  after(() => pipeline.stop())

  function nextAddress(): string {
    addresses += 1
    return `192.0.2.${addresses}`
  }

  /** Waits until this many datagrams of an address are decoded or held. */
  async function settled(address: string, datagrams: number): Promise<void> {
    const sql = 'select sum(datagrams)::int as n from exporter_streams where exporter = $1'
    await until(`${datagrams} datagrams of ${address}`, async () => {
      const [row] = await pipeline.ask(sql, [address])
      return row?.['n'] === datagrams
    })
  }

  /** Feeds exporters each from an address of its own; returns the addresses. */
  async function feedAlone(...exporters: readonly (readonly Sent[])[]): Promise<string[]> {
    const alone: string[] = []
    for (const messages of exporters) {
      const address = nextAddress()
      alone.push(address)
      feed(pipeline, address, messages)
      await settled(address, messages.length)
    }
    return alone
  }

  /** Asserts that the flows of an address are those of the others together. */
  async function assertSameFlows(address: string, alone: readonly string[]): Promise<void> {
    const [counts] = await pipeline.ask(
      `with together as (${FLOWS}), apart as (${FLOWS.replace('$1', '$2')})
       select (select count(*)::int from (table together except all table apart) as t) as wrong,
         (select count(*)::int from (table apart except all table together) as t) as missing`,
      [[address], alone],
    )
    assert.deepEqual(counts, { wrong: 0, missing: 0 })
  }

  async function assertNothingLost(address: string): Promise<void> {
    const rows = await pipeline.ask(
      `select lost, expired_sets, implausible_times,
         (select count(*)::int from held_sets where exporter = $1) as held,
         (select count(*)::int from sequence_gaps where exporter = $1) as gaps
       from exporter_streams where exporter = $1`,
      [address],
    )
    const nothing = { lost: '0', expired_sets: '0', implausible_times: '0', held: 0, gaps: 0 }
    assert.deepEqual(rows, [nothing])
  }

  /** The layouts of an address in the table. */
  function templatesOf(address: string) {
    return pipeline.ask(
      `select template_id as id, source_port as port, jsonb_array_length(fields) as fields,
         contradicted
       from templates where exporter = $1 order by 1, 2`,
      [address],
    )
  }

  it('have templates of their own from the first redefinition on, also after a restart', async () => {
    const [one, other] = [new PortExporter(SOFTFLOWD, 50_001), new PortExporter(PMACCT, 50_002)]
    const half = (exporter: PortExporter, records: number) => [
      exporter.message({ records, withTemplate: true }),
      ...exporter.messages(150, { records }),
    ]
    const sent = [half(one, 3), half(other, 2)] as const
    const later = [one.messages(100), other.messages(100, { records: 2 })] as const
    const alone = await feedAlone([...sent[0], ...later[0]], [...sent[1], ...later[1]])
    const address = nextAddress()
    feed(pipeline, address, interleave(...sent))
    await settled(address, 302)
    await pipeline.killWriter()
    feed(pipeline, address, interleave(...later))
    await settled(address, 502)
    await assertSameFlows(address, alone)
    await assertNothingLost(address)
    assert.deepEqual(await templatesOf(address), [
      { id: 256, port: 50_001, fields: 7, contradicted: true },
      { id: 256, port: 50_002, fields: 7, contradicted: true },
    ])
    const line = await pipeline.waitForLine(/define a template differently/)
    assert.deepEqual([line['level'], line['exporter'], line['templateId']], [40, address, 256])
  })

  it('keep their flows when a stranger redefines a template once', async () => {
    const victim = new PortExporter(SOFTFLOWD, 50_001, { sequence: 7_000 })
    const sent = [victim.message({ withTemplate: true }), ...victim.messages(40)]
    const later = victim.messages(100)
    const alone = await feedAlone([...sent, ...later])
    const address = nextAddress()
    const stranger = new PortExporter({ fields: [[4, 1]], record: () => ['06'] }, 666, {
      sequence: 123_456_789,
    })
    feed(pipeline, address, [
      ...sent,
      stranger.message({ withTemplate: true, records: 0 }),
      ...later,
    ])
    await settled(address, 142)
    await assertSameFlows(address, alone)
    await assertNothingLost(address)
  })

  it('hold the data of a port that has not defined a contradicted template itself', async () => {
    const address = nextAddress()
    const [one, other] = [new PortExporter(SOFTFLOWD, 50_001), new PortExporter(PMACCT, 50_002)]
    const third = new PortExporter(OTHER_ORDER, 50_003, { sequence: 5_000_000 })
    const begin = { withTemplate: true }
    feed(pipeline, address, interleave([one.message(begin)], [other.message(begin)]))
    feed(pipeline, address, interleave(one.messages(5), other.messages(5), third.messages(5)))
    await settled(address, 17)
    const held = 'select count(*)::int as n from held_sets where exporter = $1'
    assert.deepEqual(await pipeline.ask(held, [address]), [{ n: 5 }])
    feed(pipeline, address, [third.message(begin)])
    await settled(address, 18)
    assert.deepEqual(await pipeline.ask(held, [address]), [{ n: 0 }])
    const [sums] = await pipeline.ask(
      `select count(*)::int as flows, count(*) filter (where packets = 1)::int as right,
         max(bytes)::int as bytes from flows where exporter = $1`,
      [address],
    )
    assert.deepEqual(sums, { flows: 54, right: 54, bytes: 18 })
  })

  it('are one if the first falls silent: it has moved to another port', async () => {
    const before = new PortExporter(SOFTFLOWD, 50_001)
    const again = new PortExporter(PMACCT, 50_002, { serial: 1_000 })
    const sent = [before.message({ withTemplate: true }), ...before.messages(60)]
    const later = [again.message({ withTemplate: true }), ...again.messages(60)]
    const alone = await feedAlone(sent, later)
    const address = nextAddress()
    feed(pipeline, address, [...sent, ...later])
    // A translation of addresses moves it once more, without a template.
    again.ports = [50_003]
    const moved = again.messages(40)
    feed(pipeline, address, moved)
    feed(pipeline, alone[1] ?? '', moved)
    await settled(address, 162)
    await settled(alone[1] ?? '', 101)
    await assertSameFlows(address, alone)
    const [held] = await pipeline.ask(
      'select held_sets::int as held from exporter_streams where exporter = $1',
      [address],
    )
    assert.deepEqual(held, { held: 0 })
  })

  it('may each use several ports, with templates from one of them', async () => {
    const ports = [50_001, 50_002, 50_003, 50_004]
    const one = new PortExporter(SOFTFLOWD, 50_001, { ports })
    const other = new PortExporter(PMACCT, 50_009, { sequence: 90_000, serial: 5_000 })
    const messages = [one.message({ withTemplate: true }), ...one.messages(79)]
    const more = one.messages(60)
    const others = [other.message({ withTemplate: true }), ...other.messages(59)]
    const alone = await feedAlone([...messages, ...more], others)
    const address = nextAddress()
    feed(pipeline, address, [...messages, ...interleave(more, others)])
    await settled(address, 200)
    await assertSameFlows(address, alone)
  })

  it('have sampling rates of their own', async () => {
    const address = nextAddress()
    const [one, other] = [new PortExporter(SOFTFLOWD, 50_001), new PortExporter(PMACCT, 50_002)]
    const optionsOf = (id: number, rate: number) => [
      set(
        3,
        ipfixOptionsTemplate(id, 1, [
          [149, 4],
          [34, 4],
        ]),
      ),
      set(id, hex32(7), hex32(rate)),
    ]
    const begin = (sets: readonly Buffer[], more: number) => ({ withTemplate: true, sets, more })
    feed(pipeline, address, [
      one.message(begin(optionsOf(512, 1000), 1)),
      other.message(begin([], 0)),
      one.message(),
    ])
    feed(pipeline, address, interleave(one.messages(4), other.messages(4)))
    // The same scope as that of the first.
    feed(pipeline, address, [other.message(begin(optionsOf(513, 50), 1))])
    await settled(address, 12)
    await pipeline.killWriter()
    feed(pipeline, address, interleave(one.messages(4), other.messages(4)))
    await settled(address, 20)
    const rates = await pipeline.ask(
      `select sampling_rate::int as rate, count(*)::int as flows from flows where exporter = $1
       group by 1 order by 1`,
      [address],
    )
    assert.deepEqual(rates, [
      { rate: 50, flows: 15 },
      { rate: 1000, flows: 30 },
      { rate: null, flows: 15 },
    ])
    const samplers = await pipeline.ask(
      'select source_port, sampling_rate::int from samplers where exporter = $1 order by 1',
      [address],
    )
    assert.deepEqual(samplers, [
      { source_port: 0, sampling_rate: 1000 },
      { source_port: 50_002, sampling_rate: 50 },
    ])
  })

  it('are reported, in SQL as well, when a relay gives them one port', async () => {
    const address = nextAddress()
    const [one, other] = [new PortExporter(SOFTFLOWD, 9_995), new PortExporter(PMACCT, 9_995)]
    const begin = { withTemplate: true }
    for (let turn = 0; turn < 3; turn++) {
      feed(pipeline, address, interleave([one.message(begin)], [other.message(begin)]))
    }
    await settled(address, 6)
    assert.deepEqual(await pipeline.ask(MIXED, [address]), [{ mixed: true }])
    const line = await pipeline.waitForLine(/changing a template back and forth/)
    assert.deepEqual([line['level'], line['exporter']], [40, address])
  })

  it('are reported at once if the numbers from that port are of two series', async () => {
    const address = nextAddress()
    const [one, other] = [
      new PortExporter(SOFTFLOWD, 9_995),
      new PortExporter(PMACCT, 9_995, { sequence: 500_000 }),
    ]
    const begin = { withTemplate: true }
    feed(pipeline, address, interleave([one.message(begin)], [other.message(begin)]))
    await settled(address, 2)
    assert.deepEqual(await pipeline.ask(MIXED, [address]), [{ mixed: false }])
    feed(pipeline, address, interleave(one.messages(10), other.messages(10)))
    await settled(address, 22)
    assert.deepEqual(await pipeline.ask(MIXED, [address]), [{ mixed: true }])
  })
})
