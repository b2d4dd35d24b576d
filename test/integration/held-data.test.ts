/** Data that came before its template survives the writer, within the limits. */

import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MAX_HELD_BYTES_PER_EXPORTER } from '../../writer/netflow/limits.ts'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import {
  EXPORT_SECONDS,
  hex32,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  template,
  UPTIME_MS,
  v9MessageOf,
  type Wire,
  type WireField,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'

const BYTES: WireField = [1, 4]
const FIRST_SWITCHED: WireField = [22, 4]

/** The log line of a writer that found the memory of an earlier one. */
const RESTORED = /^restored what/

describe('a writer that holds data until its template comes', () => {
  let running: Pipeline
  beforeEach(async () => {
    running = await startPipeline({ environment: QUICK })
  })
  afterEach(() => running.stop())

  it('decodes data that came before its template and before a restart, with its own times', async () => {
    const exporter = running.makeExporter()
    await exporter.sendSets(
      [set(256, hex32(UPTIME_MS - 1000), hex32(1))],
      [set(256, hex32(UPTIME_MS - 2000), hex32(2), hex32(UPTIME_MS - 3000), hex32(3))],
    )
    await running.expectRows('select count(*)::int as n from held_sets', [{ n: 2 }])
    const receipt = await running.ask('select received_at from held_sets order by id')
    await running.killWriter()
    assert.equal((await running.waitForLine(RESTORED))['heldSets'], 2)
    await exporter.send(
      v9MessageOf(
        { sequence: 2, uptimeMs: UPTIME_MS + 60_000, unixSeconds: EXPORT_SECONDS + 90 },
        set(0, template(256, [FIRST_SWITCHED, BYTES])),
      ),
    )
    await running.expectRows(
      `select bytes, extract(epoch from flow_start)::float8 as start from flows order by bytes`,
      [1, 2, 3].map((n) => ({ bytes: String(n), start: EXPORT_SECONDS - n })),
    )
    await running.expectRows('select count(*)::int as n from held_sets', [{ n: 0 }])
    assert.deepEqual(
      await running.ask('select distinct received_at from flows order by received_at'),
      receipt,
    )
    await running.expectRows(
      'select held_sets, released_sets, expired_sets from exporter_streams',
      [{ held_sets: '2', released_sets: '2', expired_sets: '0' }],
    )
  })

  it('knows when an IPFIX exporter booted, and counts no loss over sets that waited', async () => {
    const exporter = running.makeExporter()
    const bootMs = (EXPORT_SECONDS - 100) * 1000
    const boot = bootMs.toString(16).padStart(16, '0')
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [160, 8],
    ])
    const record = set(256, hex32(5_000), hex32(1))
    await exporter.send(ipfixMessageOf({ sequence: 0 }, set(3, options), set(512, hex32(7), boot)))
    await exporter.send(ipfixMessageOf({ sequence: 1 }, record))
    await exporter.send(ipfixMessageOf({ sequence: 2 }, record))
    await running.expectRows('select count(*)::int as n from held_sets', [{ n: 2 }])
    await running.killWriter()
    const definition = set(2, ipfixTemplate(256, [FIRST_SWITCHED, BYTES]))
    await exporter.send(ipfixMessageOf({ sequence: 3 }, definition, record))
    const start = EXPORT_SECONDS - 95
    await running.expectRows(
      'select extract(epoch from flow_start)::int as start, count(*)::int as n from flows group by 1',
      [{ start, n: 3 }],
    )
    await running.end('writer')
    await running.expectRows('select sequence_unit, lost, next_sequence from exporter_streams', [
      { sequence_unit: 'records', lost: '0', next_sequence: '4' },
    ])
  })

  it('holds no more data of one exporter after a restart than before, and accounts for it', async () => {
    // Straight into the pipe: no kernel drops datagrams there.
    await running.end('collector')
    let sequence = 0
    const send = (...sets: readonly Wire[]) => {
      const payload = v9MessageOf({ sequence, sourceId: 7 }, ...sets)
      sequence += 1
      const line = encodeDatagramLine(payload, Date.now(), '192.0.2.1', 5000)
      appendFileSync(running.pipePath, line)
    }
    const bounded = `
      select sum(octet_length(content)) between 4000000 and ${MAX_HELD_BYTES_PER_EXPORTER} as bounded
      from held_sets`
    const balanced = `
      select held_sets, held_sets = released_sets + expired_sets
        + (select count(*) from held_sets) as balanced
      from exporter_streams`
    for (const sent of [120, 240]) {
      for (let message = 0; message < 120; message++) send(set(256, Buffer.alloc(50_000)))
      await running.expectRows(balanced, [{ held_sets: String(sent), balanced: true }])
      await running.expectRows(bounded, [{ bounded: true }])
      await running.killWriter()
    }
    send(set(0, template(256, [[1, 5000]])))
    await running.expectRows('select count(*)::int as n from held_sets', [{ n: 0 }])
    await running.expectRows(balanced, [{ held_sets: '240', balanced: true }])
    const [counts] = await running.ask(
      'select released_sets::int as released from exporter_streams',
    )
    const stored = [{ flows: Number(counts?.['released']) * 10 }]
    await running.expectRows('select count(*)::int as flows from flows', stored)
  })
})
