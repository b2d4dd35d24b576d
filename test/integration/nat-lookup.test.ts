/** Events of a NAT device through the real pipeline: who was behind a public address and port. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hex, hex32, hex64, set, template } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'

const PUBLIC = hex32(0xc6336407)
const OPENED_MS = Date.now() - 60_000

/** Protocol, source, its port, both after translation, event, and its time. */
const NAT44 = template(256, [
  [4, 1],
  [8, 4],
  [7, 2],
  [225, 4],
  [227, 2],
  [230, 1],
  [323, 8],
])
/** The same for IPv6 inside and outside. */
const NAT64 = template(257, [
  [4, 1],
  [27, 16],
  [7, 2],
  [281, 16],
  [227, 2],
  [230, 1],
  [323, 8],
])
/** A block of ports of a public address: source, address, first and last port, event, and its time. */
const BLOCK = template(258, [
  [8, 4],
  [225, 4],
  [361, 2],
  [362, 2],
  [230, 1],
  [323, 8],
])

const OUTSIDE_V6 = '2001 0db8 0000 0000 0000 ffff 0000 0001'

describe('nat_lookup, asked about datagrams', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await startPipeline({ environment: QUICK })
    const exporter = pipeline.makeExporter()
    await exporter.sendSets([
      set(0, NAT44, NAT64, BLOCK),
      set(256, '06', hex32(0x64400001), '0457', PUBLIC, '4e20', '04', hex64(OPENED_MS)),
      set(256, '06', hex32(0x64400001), '0457', PUBLIC, '4e20', '05', hex64(OPENED_MS + 30_000)),
      set(
        257,
        '11',
        hex('2001 0db8 0000 0000 0000 0000 0000 0007'),
        '0458',
        hex(OUTSIDE_V6),
        '4e21',
        '06',
        hex64(OPENED_MS),
      ),
      set(258, hex32(0x64400002), PUBLIC, '0400', '07ff', '10', hex64(OPENED_MS)),
    ])
    await pipeline.expectNumber('select count(*) from nat_events', 4)
  })
  after(() => pipeline?.stop())

  async function lookUp(address: string, port: number, ms: number): Promise<unknown[]> {
    const rows = await pipeline.ask(
      `select host(inside_addr) as inside, inside_port, event_name from nat_lookup($1, $2, $3)`,
      [address, port, new Date(ms).toISOString()],
    )
    return rows.map((row) => Object.values(row))
  }

  it('finds a mapping of NAT44 between its two events', async () => {
    const found = await lookUp('198.51.100.7', 20_000, OPENED_MS + 10_000)
    assert.deepEqual(found, [['100.64.0.1', 1111, 'NAT44 create']])
    assert.deepEqual(await lookUp('198.51.100.7', 20_000, OPENED_MS - 1_000), [])
    assert.deepEqual(await lookUp('198.51.100.7', 20_000, OPENED_MS + 40_000), [])
  })

  it('finds a mapping of NAT64 by an IPv6 address', async () => {
    const found = await lookUp('2001:db8::ffff:0:1', 20_001, OPENED_MS + 10_000)
    assert.deepEqual(found, [['2001:db8::7', 1112, 'NAT64 create']])
  })

  it('finds the owner of a block of ports', async () => {
    const found = await lookUp('198.51.100.7', 1_500, OPENED_MS + 10_000)
    assert.deepEqual(found, [['100.64.0.2', null, 'port block allocate']])
    assert.deepEqual(await lookUp('198.51.100.7', 2_048, OPENED_MS + 10_000), [])
  })
})
