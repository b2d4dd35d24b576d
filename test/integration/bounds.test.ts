/** At its limits, the writer gives up what harms the fewest, counts it, and logs it: judged in SQL. */

import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { MAX_STREAMS_PER_EXPORTER } from '../../writer/netflow/limits.ts'
import { hex32, set, template, v9MessageOf } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'

const TEMPLATE = set(0, template(256, [[1, 4]]))
const DATA = set(256, hex32(1))
/** Of a template that never comes. */
const WAITING = set(300, hex32(1))

let pipeline: Pipeline
before(async () => {
  pipeline = await startWriterAlone({ environment: { ...QUICK, LOG_LEVEL: 'info' } })
})
after(() => pipeline.stop())

describe('an exporter with a new observation domain at every boot', () => {
  const address = '192.0.2.20'
  const BOOTS = MAX_STREAMS_PER_EXPORTER + 76
  const boot = (sourceId: number) =>
    v9MessageOf({ sourceId, sequence: 100 }, TEMPLATE, DATA, WAITING)
  const streams = `select count(*)::int as streams, sum(flow_records)::int as flows,
      sum(held_sets)::int as held, sum(released_sets)::int as released,
      sum(expired_sets)::int as expired, sum(lost)::int as lost
    from exporter_streams where exporter = '${address}'`
  const rest = `select
      (select count(*)::int from templates where exporter = '${address}') as templates,
      (select count(*)::int from held_sets where exporter = '${address}') as held,
      (select count(*)::int from stream_states where exporter = '${address}') as states`

  it('is followed for ever: its longest silent domain is forgotten, and its counters stay', async () => {
    pipeline.feed(address, ...Array.from({ length: BOOTS }, (_, sourceId) => boot(sourceId)))
    const forgotten = BOOTS - MAX_STREAMS_PER_EXPORTER
    await pipeline.expectRows(streams, [
      { streams: BOOTS, flows: BOOTS, held: BOOTS, released: 0, expired: forgotten, lost: 0 },
    ])
    const left = MAX_STREAMS_PER_EXPORTER
    await pipeline.expectRows(rest, [{ templates: left, held: left, states: BOOTS }])
    await pipeline.waitForLine(/^forgot the stream that was silent for longest/)
  })

  it('has a forgotten domain followed anew, without a loss, also after a restart', async () => {
    const late = v9MessageOf({ sourceId: 0, sequence: 900 }, TEMPLATE, DATA)
    pipeline.feed(address, late)
    const known = `select datagrams::int, flow_records::int as flows, lost::int, next_sequence::int as next
      from exporter_streams where exporter = '${address}' and observation_domain = 0`
    await pipeline.expectRows(known, [{ datagrams: 2, flows: 2, lost: 0, next: 901 }])
    await pipeline.killWriter()
    pipeline.feed(address, v9MessageOf({ sourceId: 0, sequence: 901 }, DATA))
    await pipeline.expectRows(known, [{ datagrams: 3, flows: 3, lost: 0, next: 902 }])
    await pipeline.expectRows(`select difference::int from balance where exporter = '${address}'`, [
      { difference: 0 },
    ])
  })
})

describe('an exporter that sends too much of what costs more than its bytes', () => {
  const ORDINARY = template(400, [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [4, 1],
    [1, 4],
  ])
  const FLOW = set(400, '01'.repeat(17))
  const tiny = set(401, Buffer.alloc(4_096, 6))
  const templates = Array.from({ length: 200 }, (_, index) => template(1_000 + index, [[8, 4]]))
  const waiting = Array.from({ length: 300 }, (_, index) => set(2_000 + index, '01'))
  const cases: Readonly<Record<string, { sourceId: number; sets: (round: number) => Buffer[] }>> = {
    'records of one byte': { sourceId: 1, sets: () => [tiny, FLOW] },
    'sets without a template': { sourceId: 2, sets: () => [...waiting, FLOW] },
    'templates that always change': {
      sourceId: 3,
      sets: (round) => [
        set(
          0,
          ...templates.map((one) =>
            Buffer.concat([one.subarray(0, 5), Buffer.from([1 + round]), one.subarray(6)]),
          ),
        ),
        FLOW,
      ],
    },
  }
  for (const [title, { sourceId, sets }] of Object.entries(cases)) {
    it(`has them refused, and its ordinary flows stored: ${title}`, async () => {
      const address = `192.0.2.${30 + sourceId}`
      const ROUNDS = 40
      const definition = set(0, ORDINARY, template(401, [[4, 1]]))
      pipeline.feed(
        address,
        v9MessageOf({ sourceId, sequence: 0 }, definition),
        ...Array.from({ length: ROUNDS }, (_, round) =>
          v9MessageOf({ sourceId, sequence: round + 1 }, ...sets(round)),
        ),
      )
      await pipeline.expectNumber(
        `select count(*)::int from flows where exporter = '${address}' and src_addr is not null`,
        ROUNDS,
      )
      const [counts] = await pipeline.ask(
        `select refused > 0 as refused, difference::int, lost_datagrams::int as lost,
           (select bool_and(refused_sets > 0 and held_sets = released_sets + expired_sets
             + (select count(*) from held_sets where exporter = '${address}'))
           from exporter_streams where exporter = '${address}') as settled,
           (select sum(datagrams)::int from rejected_datagrams
             where exporter = '${address}' and reason = 'over-budget') > 0 as told
         from balance where exporter = '${address}'`,
      )
      assert.deepEqual(counts, {
        ...{ refused: true, difference: 0, lost: 0, settled: true, told: true },
      })
      await pipeline.waitForLine(/^skipped a set: its exporter sends too many/)
    })
  }

  it('has empty messages refused beyond a hundred at once', async () => {
    const address = '192.0.2.40'
    const messages = Array.from({ length: 3_000 }, (_, sequence) => {
      return v9MessageOf({ sourceId: 0, sequence })
    })
    pipeline.feed(address, ...messages)
    await pipeline.expectRows(
      `select received::int, decoded > 100 as decoded, refused > 1000 as refused, difference::int
       from balance where exporter = '${address}'`,
      [{ received: 3_000, decoded: true, refused: true, difference: 0 }],
    )
  })
})

describe('a line of the pipe with an invalid address', () => {
  it('is quoted in the log by its beginning, without control characters', async () => {
    const address = `router-${'\\u001b[2J'.repeat(8_000)}`
    appendFileSync(pipeline.pipePath, `["AAUAAA==", 1700000000.5, ["${address}", 2055]]\n`)
    const line = await pipeline.waitForLine(/no valid exporter address|too short for a message/)
    assert.match(String(line['exporter']), /^router-\\u001b\[2J.*… \(\d+ characters\)$/)
    assert.ok(JSON.stringify(line).length < 1_000)
  })
})
