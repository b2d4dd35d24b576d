/** Rules of every table, view and function. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AnswersDatabase } from './answers-database.ts'

const FOLDER = fileURLToPath(new URL('../../../../migrations/answers', import.meta.url))

const WITHOUT_COMMENT = `
  select relname || coalesce('.' || attname, '') as name
  from pg_class left join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
  where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm')
    and not relispartition and relname !~ 'migrations$'
    and (col_description(pg_class.oid, attnum) is null or obj_description(pg_class.oid) is null)
  union all
  select oid::regprocedure::text from pg_proc
  where pronamespace = current_schema()::regnamespace and obj_description(oid) is null
  order by 1`

const VIEWS = `
  select relname as name from pg_class
  where relnamespace = current_schema()::regnamespace and relkind = 'v' order by 1`

/** Numbers at the ends of their types, and other fields that hold anything but what their name says. */
const HOSTILE = {
  bytes: '9223372036854775807',
  packets: '9223372036854775807',
  sampling_rate: '4294967295',
  observation_domain: '4294967295',
  protocol: 255,
  tcp_flags: 32_767,
  tos: 32_767,
  icmp_type: 32_767,
  event: 32_767,
  forwarding_status: 32_767,
  flow_end_reason: 32_767,
  direction: 32_767,
  input_if: '9223372036854775807',
  src_as: '9223372036854775807',
  src_port: 2_147_483_647,
  dst_port: 0,
  src_addr: '10.0.0.1',
  dst_addr: '::ffff:10.0.0.1',
  flow_start: '1970-01-01Z',
  flow_end: '2255-06-05 23:47:34.740991Z',
}

const HOSTILE_EXTRAS = [
  {
    natEvent: 1e300,
    postNATSourceIPv4Address: '0a0b0c',
    postNAPTSourceTransportPort: 2 ** 63,
    portRangeStart: 65_535,
    portRangeNumPorts: -1,
    droppedPacketDeltaCount: 2 ** 63,
    droppedOctetDeltaCount: 'ff',
    applicationId: 'x'.repeat(3_000),
    firewallExtendedEvent: [1],
  },
  {
    natEvent: 'x',
    postNATSourceIPv4Address: '1.2.3',
    postNATSourceIPv6Address: 'dead',
    postNATDestinationIPv4Address: ['10.0.0.1'],
    xlateSourcePort: 1.5,
    portRangeStart: 'x',
  },
  [],
]

describe('every table, view and function', () => {
  let database: AnswersDatabase
  before(async () => {
    database = await AnswersDatabase.open()
    await database.addStream({
      observation_domain: '4294967295',
      datagrams: '9223372036854775807',
      flow_records: '9223372036854775807',
      options_records: '9223372036854775807',
      lost: '9223372036854775807',
      duplicates: '9223372036854775807',
      strays: '9223372036854775807',
      flows_without_rate: '9223372036854775807',
      clock_skew_ms: -8_640_000_000_000,
    })
    await database.addStream()
    await database.addTemplate([[0, 230, 1]])
    for (const extra of HOSTILE_EXTRAS) {
      await database.addFlows({ ...HOSTILE, extra: JSON.stringify(extra) })
      await database.addFlows({ ...HOSTILE, observation_domain: 0, extra: JSON.stringify(extra) })
    }
  })
  after(() => database?.close())

  it('has a comment, and so has each column', async () => {
    const rows = await database.ask(WITHOUT_COMMENT)
    assert.deepEqual(
      rows.map(({ name }) => name),
      [],
    )
  })

  it('is the one of a file, if it is a view', async () => {
    const files = new Set(readdirSync(FOLDER))
    const rows = await database.ask(VIEWS)
    assert.ok(rows.length > 10)
    for (const { name } of rows) assert.ok(files.has(`${name}.sql`), `${name} has no file`)
  })

  it('names in its file all others that it uses', () => {
    const texts = new Map(
      readdirSync(FOLDER)
        .filter((file) => file.endsWith('.sql'))
        .map((file) => [file.slice(0, -'.sql'.length), readFileSync(`${FOLDER}/${file}`, 'utf8')]),
    )
    for (const [name, text] of texts) {
      const needs = /^-- needs: (.+)$/m.exec(text)?.[1]?.split(' ') ?? []
      const sql = text.replace(/--.*$/gm, '').replace(/'[^']*'/g, '')
      for (const [other, definition] of texts) {
        // A column may have the name of a function.
        const call = definition.includes('create or replace function') ? '\\(' : '\\b'
        const isUsed = other !== name && new RegExp(`(?<![.\\w])${other}${call}`).test(sql)
        assert.ok(!isUsed || needs.includes(other), `${name} uses ${other}`)
      }
    }
  })

  it('answers whatever exporters send', async () => {
    for (const { name } of await database.ask(VIEWS)) {
      await assert.doesNotReject(database.ask(`select * from ${name}`), String(name))
    }
    for (const address of ['0.0.0.1', '1.2.3.4', '::']) {
      await database.ask(`select * from nat_lookup($1, 65535, now())`, [address])
    }
  })

  it('scales counters without an overflow', async () => {
    const product = String((2n ** 63n - 1n) * (2n ** 32n - 1n))
    const sums = await database.ask(
      `select max(bytes) as bytes, max(packets) as packets from flow_details`,
    )
    assert.deepEqual(sums, [{ bytes: product, packets: product }])
    const [conversation] = await database.ask(
      `select bytes, flows::int from conversations where server_bytes is null or client_bytes is null`,
    )
    const flows = BigInt(Number(conversation?.['flows']))
    assert.equal(conversation?.['bytes'], String(flows * BigInt(product)))
  })
})
