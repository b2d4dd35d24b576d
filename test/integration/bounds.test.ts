/** At a bound the writer displaces what costs the fewest, counts it, and says so: judged in SQL. */

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

describe('a line of the pipe with an address that is none', () => {
  it('is quoted in the log by its beginning, without control characters', async () => {
    const address = `router-${'\\u001b[2J'.repeat(8_000)}`
    appendFileSync(pipeline.pipePath, `["AAUAAA==", 1700000000.5, ["${address}", 2055]]\n`)
    const line = await pipeline.waitForLine(/no valid exporter address|too short for a message/)
    assert.match(String(line['exporter']), /^router-\\u001b\[2J.*… \(\d+ characters\)$/)
    assert.ok(JSON.stringify(line).length < 1_000)
  })
})
