import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { quoteText } from '../../../console/export/duckdb.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { findDuckDb } from '../../helpers/duckdb.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import { runLine } from './terminal-harness.ts'

/** Texts that spreadsheets run, and that CSV and terminals stumble over. */
const TEXTS = [
  '=1+1',
  '+1',
  '-1',
  '@x',
  'a "b", c',
  'two\nlines\r\nmore',
  '\u001b[1m\u202e',
  "it's",
  '',
  'NULL',
]

const { open, skip } = findDuckDb()

describe('netflow export --format parquet', { skip }, () => {
  let database: TestDatabase
  const folder = mkdtempSync(join(tmpdir(), 'netflow-parquet-'))
  before(async () => {
    database = await createTestDatabase()
    await queryRows(
      database.url,
      `create table flows_1 partition of flows for values from ('2026-11-28') to ('2026-11-29');
       insert into exporters values ('192.0.2.1', '=cmd()', true, now(), now())`,
    )
    await queryRows(
      database.url,
      `insert into flows (received_at, exporter, observation_domain, export_version, src_addr, bytes,
         packets, sampling_rate, flow_start, flow_end, src_mac, extra)
       select '2026-11-28T12:00:00.123456Z', '192.0.2.1', 4294967295, 10, '2001:db8::1', 9223372036854775807,
         number, 1000, '2026-11-28T11:59:59.5Z', '2026-11-28T12:00:00Z', '00:00:5e:00:53:01',
         jsonb_build_object('applicationName', text, 'number', number)
       from unnest($1::text[]) with ordinality as texts (text, number)`,
      [TEXTS],
    )
    await queryRows(
      database.url,
      `insert into flows (received_at, exporter, observation_domain, export_version)
       values ('2026-11-28T12:10:00Z', '192.0.2.1', 0, 9)`,
    )
    const { code, stderr } = await runLine(
      `netflow export --all --format parquet --to ${folder}`,
      database.url,
    )
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^netflow: 11 flows /)
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await database?.drop()
  })

  async function ask(sql: string) {
    const duckdb = await open()
    try {
      const files = quoteText(join(folder, '*.parquet'))
      return await duckdb.ask(sql.replace('FLOWS', `read_parquet(${files})`))
    } finally {
      duckdb.close()
    }
  }

  it('writes one file for a partition, and a manifest', () => {
    assert.deepEqual(readdirSync(folder).sort(), [
      'flows-20261128T000000Z-20261128T123000Z.parquet',
      'manifest.json',
    ])
  })

  it('keeps texts as they came, without marks for spreadsheets', async () => {
    const rows = await ask(`
      select exporter_name, extra ->> 'applicationName' as text, application
      from FLOWS where extra is not null order by packets`)
    assert.deepEqual(
      rows.map(({ text }) => text),
      TEXTS,
    )
    // An empty name is none.
    assert.deepEqual(
      rows.map(({ application }) => application),
      TEXTS.map((text) => text || null),
    )
    assert.deepEqual(new Set(rows.map(({ exporter_name }) => exporter_name)), new Set(['=cmd()']))
  })

  it('keeps numbers and times whole, and what was not sent apart', async () => {
    const [first] = await ask(`
      select typeof(received_at) as type, received_at::text as received, bytes::text as bytes,
        raw_bytes::text as raw, observation_domain::text as domain, seconds, src_addr, src_mac
      from FLOWS where packets = 1000`)
    assert.deepEqual(first, {
      type: 'TIMESTAMP WITH TIME ZONE',
      received: '2026-11-28 12:00:00.123456+00',
      bytes: '9223372036854775807000',
      raw: '9223372036854775807',
      domain: '4294967295',
      seconds: '0.5',
      src_addr: '2001:db8::1',
      src_mac: '00:00:5e:00:53:01',
    })
    const [empty] = await ask(`
      select src_addr is null and bytes is null and flow_start is null and src_mac is null
        and application is null as empty, exporter_name
      from FLOWS where extra is null`)
    assert.deepEqual(empty, { empty: 't', exporter_name: '=cmd()' })
  })
})
