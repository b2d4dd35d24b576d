import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { Random } from '../../helpers/random.ts'
import { AnswersDatabase } from './answers-database.ts'

const BASE_MS = Date.parse('2026-11-28T12:00:00Z')
const PAUSE_MS = 60_000

interface Flow {
  readonly src: string
  readonly dst: string
  readonly srcPort: number
  readonly dstPort: number
  readonly startMs: number
  readonly endMs: number
  readonly bytes: number
}

describe('conversations', () => {
  let database: AnswersDatabase
  before(async () => {
    database = await AnswersDatabase.open()
  })
  afterEach(() => database.clear())
  after(() => database?.close())

  const add = (...flows: readonly Readonly<Record<string, unknown>>[]) =>
    database.addFlows(
      ...flows.map((flow) => ({
        protocol: 6,
        src_addr: '10.0.0.1',
        src_port: 50_000,
        dst_addr: '10.0.0.2',
        dst_port: 443,
        flow_start: '2026-11-28 11:59:00Z',
        flow_end: '2026-11-28 11:59:10Z',
        ...flow,
      })),
    )
  const back = {
    src_addr: '10.0.0.2',
    src_port: 443,
    dst_addr: '10.0.0.1',
    dst_port: 50_000,
  }

  it('join both directions, and tell client and server apart', async () => {
    await add(
      { bytes: 100, packets: 2, sampling_rate: 10, tcp_flags: 2 },
      { ...back, bytes: 5_000, packets: 5, tcp_flags: 18, flow_start: '2026-11-28 11:58:59Z' },
    )
    const rows = await database.ask(
      `select service, host(client) as client, client_port, host(server) as server, server_port,
         bytes::int, client_bytes::int, server_bytes::int, packets::int, flows::int, client_flags,
         server_flags, duration::text, told_by
       from conversations where hour = '2026-11-28 12:00Z'`,
    )
    assert.deepEqual(rows, [
      {
        service: 'https',
        client: '10.0.0.1',
        client_port: 50_000,
        server: '10.0.0.2',
        server_port: 443,
        bytes: 6_000,
        client_bytes: 1_000,
        server_bytes: 5_000,
        packets: 25,
        flows: 2,
        client_flags: '......S.',
        server_flags: '...A..S.',
        duration: '00:00:11',
        told_by: 'port',
      },
    ])
  })

  it('begin anew after a pause of a minute, and with other exporters', async () => {
    await add(
      {},
      { flow_start: '2026-11-28 12:00:10Z', flow_end: '2026-11-28 12:00:11Z' },
      { ...back, flow_start: '2026-11-28 12:01:12Z', flow_end: '2026-11-28 12:01:13Z' },
      { exporter: '192.0.2.9' },
    )
    const rows = await database.ask('select flows::int from conversations order by flows')
    assert.deepEqual(
      rows.map(({ flows }) => flows),
      [1, 1, 2],
    )
  })

  it('tell the client by an ICMP request, and by the first flow between high ports', async () => {
    const high = { src_port: 40_000, dst_port: 50_000 }
    await add(
      { ...back, protocol: 1, icmp_type: 8, src_port: null, dst_port: null },
      { protocol: 1, icmp_type: 0, src_port: null, dst_port: null },
      { ...high, protocol: 17 },
      {
        ...back,
        ...{ src_port: 50_000, dst_port: 40_000, protocol: 17 },
        flow_start: '2026-11-28 11:58:59Z',
      },
    )
    const rows = await database.ask(
      'select protocol_name, host(client) as client, told_by from conversations order by protocol',
    )
    assert.deepEqual(rows, [
      { protocol_name: 'icmp', client: '10.0.0.2', told_by: 'request' },
      { protocol_name: 'udp', client: '10.0.0.2', told_by: 'first flow' },
    ])
  })

  it('are those of a hand-written count, and no byte is missing', async () => {
    const random = new Random(7)
    const flows: Flow[] = Array.from({ length: 400 }, () => {
      const [a, b] = [1 + random.below(4), 5 + random.below(4)]
      const isForth = random.below(2) === 1
      const [low, high] = [`10.0.0.${a}`, `10.0.0.${b}`]
      const startMs = BASE_MS + random.below(3_000) * 1_000
      const port = 2_001 + random.below(3)
      return {
        src: isForth ? low : high,
        dst: isForth ? high : low,
        srcPort: isForth ? port : 80,
        dstPort: isForth ? 80 : port,
        startMs,
        endMs: startMs + random.below(90) * 1_000,
        bytes: 1 + random.below(1_000_000),
      }
    })
    await add(
      ...flows.map((flow) => ({
        src_addr: flow.src,
        dst_addr: flow.dst,
        src_port: flow.srcPort,
        dst_port: flow.dstPort,
        flow_start: new Date(flow.startMs).toISOString(),
        flow_end: new Date(flow.endMs).toISOString(),
        bytes: flow.bytes,
      })),
    )
    const rows = await database.ask(
      `select host(client) as client, client_port, host(server) as server,
         (extract(epoch from started_at) * 1000)::float8 as "startMs",
         client_flows::int, server_flows::int, coalesce(client_bytes, 0)::float8 as client_bytes,
         coalesce(server_bytes, 0)::float8 as server_bytes
       from conversations order by client, server, client_port, started_at`,
    )
    assert.deepEqual(rows, countConversations(flows))
  })

  it('read the hours that are asked for, and no other', async () => {
    const plan = await database.ask(
      `explain (analyze, costs off) select * from conversations where hour = '2026-11-28 12:00Z'`,
    )
    const text = plan.map((row) => row['QUERY PLAN']).join('\n')
    assert.match(text, /flows_other.*\(never executed\)/)
    assert.match(text, /flows_20261128[^\n]*loops=1/)
  })
})

/** Joins the flows of each pair of ends whose pauses are shorter than a minute; port 80 serves. */
function countConversations(flows: readonly Flow[]): object[] {
  const pairs = new Map<string, Flow[]>()
  for (const flow of flows) {
    const isClient = flow.dstPort === 80
    const key = isClient
      ? `${flow.src} ${flow.dst} ${flow.srcPort}`
      : `${flow.dst} ${flow.src} ${flow.dstPort}`
    pairs.set(key, [...(pairs.get(key) ?? []), flow])
  }
  return [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, ofPair]) => splitAtPauses(ofPair).map((part) => summarize(key, part)))
}

function splitAtPauses(flows: readonly Flow[]): Flow[][] {
  const parts: Flow[][] = []
  let lastMs = Number.NEGATIVE_INFINITY
  for (const flow of flows.toSorted((a, b) => a.startMs - b.startMs)) {
    if (flow.startMs > lastMs + PAUSE_MS) parts.push([])
    parts.at(-1)?.push(flow)
    lastMs = Math.max(lastMs, flow.endMs)
  }
  return parts
}

function summarize(key: string, part: readonly Flow[]): object {
  const [client, server, port] = key.split(' ')
  const byClient = part.filter(({ dstPort }) => dstPort === 80)
  const byServer = part.filter(({ dstPort }) => dstPort !== 80)
  const sum = (flows: readonly Flow[]) => flows.reduce((total, { bytes }) => total + bytes, 0)
  return {
    client,
    client_port: Number(port),
    server,
    startMs: Math.min(...part.map(({ startMs }) => startMs)),
    client_flows: byClient.length,
    server_flows: byServer.length,
    client_bytes: sum(byClient),
    server_bytes: sum(byServer),
  }
}
