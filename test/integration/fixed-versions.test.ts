import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { hex, hex32 } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'

const STEP_MS = 50
/** More than the reorder window, so that missing flows are declared. */
const ROUNDS = 120
const MISSING_ROUND = 30
const START_MS = Date.now() - ROUNDS * STEP_MS

const COMMON = 'c0000201 c6336402 cb007103 0001 0002 0000000a 000005dc 00000000 00000000 01bb c350'
const V5_TAIL = '00 1b 06 b8 fbf0 fbf1 18 10'
const SUM = '00000003 0000000a 000005dc 00000000 00000000'
const RECORDS = {
  1: `${COMMON} 0000 06 b8 1b 000000 00000000`,
  6: `${COMMON} ${V5_TAIL} 12 16 cb0071fe`,
  7: `${COMMON} ${V5_TAIL} 0102 c00002fe`,
  8: `${SUM} fbf0 fbf1 0001 0002`,
  '8 of scheme 5': `${SUM} c0000200 c6330000 18 10 0000 fbf0 fbf1 0001 0002`,
} as const

interface Sender {
  readonly exporter: string
  readonly layout: keyof typeof RECORDS
  readonly firstSequence: number
  readonly flows: number
  /** The rest of the header, after the sequence number, in hex. */
  readonly headerEnd: string
}

/** Routers number the caches of v8 on their own: one sender a scheme. */
const SENDERS: readonly Sender[] = [
  { exporter: '192.0.2.1', layout: 1, firstSequence: 0, flows: 1, headerEnd: '' },
  {
    exporter: '192.0.2.6',
    layout: 6,
    firstSequence: 4_294_967_290,
    flows: 2,
    headerEnd: '01074064',
  },
  { exporter: '192.0.2.7', layout: 7, firstSequence: 500, flows: 3, headerEnd: 'ffffffff' },
  { exporter: '192.0.2.8', layout: 8, firstSequence: 100, flows: 4, headerEnd: '0107010200000000' },
  {
    exporter: '192.0.2.8',
    layout: '8 of scheme 5',
    firstSequence: 90_000,
    flows: 5,
    headerEnd: '0107050200000000',
  },
]

function lineOf(sender: Sender, round: number): string {
  const { exporter, layout, firstSequence, flows, headerEnd } = sender
  const version = Number.parseInt(String(layout), 10)
  const atMs = START_MS + round * STEP_MS
  const seconds = Math.floor(atMs / 1000)
  const start = `${hex32(version * 65_536 + flows)} ${hex32(3_600_000 + round * STEP_MS)}
    ${hex32(seconds)} ${hex32((atMs % 1000) * 1_000_000)}`
  const sequence = version === 1 ? '' : hex32(firstSequence + round * flows)
  const payload = hex(`${start} ${sequence} ${headerEnd} ${RECORDS[layout].repeat(flows)}`)
  return encodeDatagramLine(payload, atMs, exporter, 50_000)
}

describe('the writer, of versions without templates,', () => {
  let pipeline: Pipeline

  before(async () => {
    pipeline = await startWriterAlone({ environment: { ...QUICK, LOG_LEVEL: 'info' } })
    const rounds = Array.from({ length: ROUNDS }, (_, round) => round)
    const lines = rounds.flatMap((round) =>
      SENDERS.filter(({ layout }) => round !== MISSING_ROUND || layout === 8).map((sender) =>
        lineOf(sender, round),
      ),
    )
    appendFileSync(pipeline.pipePath, lines.join(''))
    const bytes = Buffer.byteLength(lines.join(''))
    await pipeline.expectNumber('select position from journal_positions', bytes)
  })

  after(() => pipeline.stop())

  it('stores every flow, and fields without a column in extra', async () => {
    const rows = await pipeline.ask(
      `select export_version as version, observation_domain::int as domain, count(*)::int as flows,
        extra, sampling_rate::int as rate
      from flows group by 1, 2, 4, 5 order by 1, 3`,
    )
    const sum = { deltaFlowCount: 3, aggregationVersion: 2 }
    const received = ROUNDS - 1
    assert.deepEqual(rows, [
      { version: 1, domain: 0, flows: received, extra: null, rate: null },
      {
        version: 6,
        domain: 263,
        flows: received * 2,
        extra: { inEncaps: 18, outEncaps: 22, peerNextHop: '203.0.113.254' },
        rate: 100,
      },
      {
        version: 7,
        domain: 0,
        flows: received * 3,
        extra: { flags2: 258, routerSc: '192.0.2.254' },
        rate: null,
      },
      {
        version: 8,
        domain: 263,
        flows: ROUNDS * 4,
        extra: { ...sum, aggregationScheme: 1 },
        rate: null,
      },
      {
        version: 8,
        domain: 263,
        flows: received * 5,
        extra: { ...sum, aggregationScheme: 5 },
        rate: null,
      },
    ])
  })

  it('counts losses in flows, each scheme of v8 on its own, and does not guess for v1', async () => {
    const rows = await pipeline.ask(
      `select export_version as version, sequence_unit as unit, lost::int, late::int,
        duplicates::int, restarts::int
      from exporter_streams order by 1`,
    )
    const inOrder = { late: 0, duplicates: 0, restarts: 0 }
    assert.deepEqual(rows, [
      { version: 1, unit: 'none', lost: null, ...inOrder },
      { version: 6, unit: 'flows', lost: 2, ...inOrder },
      { version: 7, unit: 'flows', lost: 3, ...inOrder },
      { version: 8, unit: 'flows', lost: 5, ...inOrder },
    ])
    const gaps = await pipeline.ask(
      `select export_version as version, expected::float8, received::float8, lost::int, unit
      from sequence_gaps order by 1`,
    )
    const expectedOf = ({ firstSequence, flows }: Sender) => firstSequence + MISSING_ROUND * flows
    const unit = 'flows'
    assert.deepEqual(
      gaps,
      SENDERS.filter(({ layout }) => layout !== 1 && layout !== 8).map((sender) => {
        const expected = expectedOf(sender) % 2 ** 32
        const version = Number.parseInt(String(sender.layout), 10)
        return { version, expected, received: expected + sender.flows, lost: sender.flows, unit }
      }),
    )
  })

  it('rejects an aggregation scheme that does not exist, and says so', async () => {
    const payload = hex(`0008 0000 ${'00'.repeat(18)} 0f 02 00000000`)
    appendFileSync(pipeline.pipePath, encodeDatagramLine(payload, Date.now(), '192.0.2.9', 50_000))
    await pipeline.waitForLine(/no aggregation scheme/)
  })
})
