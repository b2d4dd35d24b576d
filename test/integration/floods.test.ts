/** A flood from spoofed addresses costs the writer bounded memory and a bounded log. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_STREAMS } from '../../writer/streams/streams.ts'
import { readMemory } from '../bench/measure/process-usage.ts'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { set, template, v9MessageOf } from '../helpers/netflow-bytes.ts'
import { PipeEnd } from '../helpers/pipe-end.ts'
import { type Pipeline, startWriterAlone } from '../helpers/pipeline.ts'
import { nonZero, readBalance, readTotal } from './balance-questions.ts'

const EXPORTERS = 4_000
const DATAGRAMS = 20_000
const MAX_MIB = 450

function residentMib({ writer }: Pipeline): number {
  return (readMemory(writer.pid ?? 0)?.rssBytes ?? Number.NaN) / 2 ** 20
}

describe('a flood from spoofed addresses', () => {
  it('is counted, fills neither memory nor log, and keeps nobody else out', async (context) => {
    const pipeline = await startWriterAlone()
    context.after(() => pipeline.stop())
    const before = residentMib(pipeline)
    const good = v9MessageOf({ sourceId: 0 }, set(0, template(256, [[1, 4]])), set(256, '00000001'))
    function* lines() {
      yield encodeDatagramLine(good, Date.now(), '192.0.2.1', 2055)
      for (let index = 0; index < DATAGRAMS; index++) {
        const sourceId = Math.floor(index / EXPORTERS)
        const message = v9MessageOf({ sourceId }, set(0, template(256, [[1, 4]])))
        const number = index % EXPORTERS
        const address = `10.66.${number >> 8}.${number & 255}`
        yield encodeDatagramLine(message, Date.now(), address, 2055)
      }
      const next = v9MessageOf({ sourceId: 0, sequence: 1 }, set(256, '00000002'))
      yield encodeDatagramLine(next, Date.now(), '192.0.2.1', 2055)
    }
    const pipe = new PipeEnd(pipeline.pipePath)
    for (const line of lines()) await pipe.write(line)
    pipe.close()
    // The balance of thousands of exporters takes too long to be asked again and again.
    const read = 'select datagram_lines from journal_positions'
    await pipeline.expectNumber(read, DATAGRAMS + 2, 120_000)
    assert.equal((await readTotal(pipeline))['received'], String(DATAGRAMS + 2))
    assert.deepEqual(await readBalance(pipeline, `exporter = '192.0.2.1'`), {
      ...{ received: 2, decoded: 2, records: 2, stored: 2 },
    })
    const { decoded, refused, difference } = await readTotal(pipeline)
    assert.deepEqual(nonZero({ decoded, refused, difference }), { decoded: DATAGRAMS + 2 })
    const templates = 'select count(*)::int <= $1 as bounded from templates'
    assert.deepEqual(await pipeline.ask(templates, [MAX_STREAMS]), [{ bounded: true }])
    const grown = residentMib(pipeline) - before
    context.diagnostic(`grown by ${grown.toFixed(0)} MiB`)
    assert.ok(grown < MAX_MIB, `grown by ${grown} MiB`)
    assert.ok(pipeline.logOf('writer').length < 150)
  })
})
