import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import { runLine } from './terminal-harness.ts'

/** Three mappings: two of 203.0.113.5, one of them over UDP. */
const FLOWS = `
  create table flows_all partition of flows default;
  insert into exporters values ('192.0.2.1', 'cgn-1', true, now(), now()), ('192.0.2.2', null, true, now(), now());
  insert into flows (received_at, exporter, observation_domain, export_version, protocol, src_addr,
    src_port, dst_addr, dst_port, extra)
  select '2026-11-28T12:00:00Z', exporter::inet, 0, 9, protocol, inside::inet, 5000, '198.51.100.1', 443,
    jsonb_build_object('postNATSourceIPv4Address', outside, 'postNAPTSourceTransportPort', port,
      'natEvent', 1)
  from (values ('192.0.2.1', 6, '10.1.0.7', '203.0.113.5', 40001), ('192.0.2.1', 17, '10.1.0.8', '203.0.113.5', 40002),
    ('192.0.2.2', 6, '10.2.0.9', '203.0.113.6', 40001)) as mappings (exporter, protocol, inside, outside, port)`

describe('netflow nat', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
    await queryRows(database.url, FLOWS)
  })
  after(() => database.drop())

  const run = (line: string) => runLine(`netflow nat ${line}`, database.url)
  const insides = async (line: string) => {
    const { code, stdout, stderr } = await run(`--format jsonl ${line}`)
    assert.equal(code, 0, stderr)
    const lines = stdout.split('\n').filter((text) => text !== '')
    return lines.map((text) => JSON.parse(text).inside_addr).sort()
  }

  it('lists the translations that meet a filter', async () => {
    assert.deepEqual(await insides(''), ['10.1.0.7', '10.1.0.8', '10.2.0.9'])
    assert.deepEqual(await insides('src net 10.1.0.0/16 and proto tcp'), ['10.1.0.7'])
    assert.deepEqual(await insides('nat ip 203.0.113.5'), ['10.1.0.7', '10.1.0.8'])
    assert.deepEqual(await insides('nat port 40001 --exporter cgn-1'), ['10.1.0.7'])
    assert.deepEqual(await insides('--proto udp dst port 443'), ['10.1.0.8'])
  })

  it('says why an address is looked up without a filter', async () => {
    const found = await run('203.0.113.5 40001 --at 2026-11-28T12:00:01Z --format jsonl')
    assert.equal(JSON.parse(found.stdout).inside_addr, '10.1.0.7')
    for (const line of ['203.0.113.5 40001 and proto tcp', '203.0.113.5 --proto tcp']) {
      const { code, stderr } = await run(line)
      assert.equal(code, 2)
      assert.match(stderr, /an address is looked up at one moment, without a filter: put "nat ip"/)
    }
    assert.match((await run('--at 12:00 proto tcp')).stderr, /--at goes with an address/)
    assert.match((await run('bytes > 5')).stderr, /bytes cannot be tested here/)
  })
})
