/** Faults of netflow.io's API that this API does not have. Most tests use the whole writer. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { oneRecordMessage, v5MessageOf, v9MessageOf } from '../../../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../../../helpers/pipeline.ts'
import { until } from '../../../helpers/until.ts'
import { SendersHarness, sign } from './senders-harness.ts'
import type { Entry } from './stats/stats-oracle.ts'

const ROUTER = '192.0.2.1'
const PREFIX = { prefix: '198.51.100.0', prefixLen: 24 }
const IN_PREFIX = '198.51.100.0/24'
/** 1500 bytes from 203.0.113.9, AS 34868, to 198.51.100.2, AS 64497; v5 (its fields by offset). */
const RECORD = `cb007109 c6336402 00000000 0001 0002 0000000a 000005dc
  00000000 00000000 01bb c350 00 1b 06 00 8834 fbf1 18 18 0000`

describe('in the API of netflow.io', () => {
  let given: SendersHarness
  let pipeline: Pipeline
  before(async () => {
    given = await SendersHarness.start()
    pipeline = await startWriterAlone({
      databaseUrl: given.roles.urlOf('netflow_writer'),
      environment: QUICK,
    })
    await put(ROUTER, PREFIX)
  })
  after(async () => {
    await pipeline?.stop()
    await given?.stop()
  })

  let sequence = 0
  /** Sends a message of one flow; its header says that the sampling interval is 0. */
  function sendFlow(): void {
    pipeline.feed(ROUTER, v5MessageOf({ sequence, unixSeconds: 1_391_317_200 }, RECORD))
    sequence += 1
  }

  const send = (method: string, path: string, body?: unknown) => given.send(method, path, { body })

  async function put(ip: string, ...prefixes: readonly object[]): Promise<void> {
    assert.equal((await send('PUT', `/senders/${ip}`, { prefixes })).status, 200)
  }

  async function prefixesOf(ip: string): Promise<unknown> {
    const { json } = await send('GET', `/senders/${ip}`)
    return (json() as { prefixes: unknown }).prefixes
  }

  /** Asks for this year, in which everything here is received. */
  async function ask(names: readonly string[], prefix = IN_PREFIX, ip = ROUTER): Promise<Entry[]> {
    const year = String(new Date().getUTCFullYear())
    const reply = await send('POST', `/stats/${ip}`, { [prefix]: { years: [{ [year]: names }] } })
    assert.deepEqual(given.errors, [])
    assert.equal(reply.status, 200, reply.text)
    const { [prefix]: labels } = reply.json() as Record<
      string,
      { years: Record<string, Entry[]>[] }
    >
    return labels?.years[0]?.[year] ?? []
  }

  const storedFlows = 'select count(*) from flows'

  it('1: an AS is found by its number', async () => {
    sendFlow()
    await pipeline.expectNumber(storedFlows, 1)
    const { json } = await send('GET', `/senders/${ROUTER}`)
    assert.match(String((json() as { last?: string }).last), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    await pipeline.expectNumber('select count(*) from exporters where first_seen is not null', 1)
    const entry = { bytes: 1500, pkts: 10, direction: 'in', flows: 1 }
    assert.deepEqual(await ask(['srcas:34868', 'dstas:64497', 'dstas:34868']), [
      { name: 'srcas:34868', ...entry },
      { name: 'dstas:64497', ...entry },
    ])
  })

  it('2: an IPv6 prefix is found in the short form, and in every other', async () => {
    const message = oneRecordMessage([
      [27, '20010db8000000000000000000000001'],
      [28, '20010db9000000000000000000000001'],
      [1, '00000064'],
      [2, '00000001'],
    ])
    await put('192.0.2.6', { prefix: '2001:db8::', prefixLen: 32 })
    pipeline.feed('192.0.2.6', message)
    await pipeline.expectNumber(`${storedFlows} where exporter = '192.0.2.6'`, 1)
    for (const prefix of ['2001:db8::/32', '2001:db8:0:0:0:0:0:0/32', '2001:0DB8::/32']) {
      const [entry] = await ask(['all'], prefix, '192.0.2.6')
      assert.deepEqual([entry?.bytes, entry?.direction], [100, 'out'], prefix)
    }
  })

  it('3: a DELETE of a prefix deletes it', async () => {
    await put('192.0.2.3', PREFIX, { prefix: '10.0.0.0', prefixLen: 8 })
    const { status } = await send('DELETE', '/senders/192.0.2.3', { prefixes: [PREFIX] })
    assert.equal(status, 200)
    assert.deepEqual(await prefixesOf('192.0.2.3'), [{ prefix: '10.0.0.0', prefixLen: 8 }])
  })

  it('4: no body empties a sender: another order is understood, the rest is refused', async () => {
    await put('192.0.2.4', { prefixLen: 24, prefix: '198.51.100.0' })
    for (const prefix of [{ ...PREFIX, comment: '' }, { ...PREFIX, prefixLen: 99 }, 'x', null]) {
      for (const query of ['', '?replace=true']) {
        const { status } = await send('PUT', `/senders/192.0.2.4${query}`, { prefixes: [prefix] })
        assert.equal(status, 400)
      }
    }
    for (const body of [{}, { prefix: [PREFIX] }, [PREFIX]]) {
      assert.equal((await send('PUT', '/senders/192.0.2.4', body)).status, 400)
    }
    assert.deepEqual(await prefixesOf('192.0.2.4'), [PREFIX])
  })

  it('5: changes of a sender that is sending have effect', async () => {
    const wide = { prefix: '198.51.0.0', prefixLen: 16 }
    await put(ROUTER, wide)
    const [entry] = await ask(['all'], '198.51.0.0/16')
    assert.ok(Number(entry?.flows) > 0, 'flows that are stored already count, too')
    await send('DELETE', `/senders/${ROUTER}`, { prefixes: [wide] })
    assert.equal((await send('POST', `/stats/${ROUTER}`, { '198.51.0.0/16': {} })).status, 404)
    assert.equal((await send('DELETE', `/senders/${ROUTER}`)).status, 200)
    const refused = `select sum(not_stored) as flows from exporter_counts where exporter = '${ROUTER}'`
    await until('flows of a removed sender are not stored', async () => {
      sendFlow()
      return Number((await pipeline.ask(refused))[0]?.['flows']) > 0
    })
    const [stored] = await pipeline.ask(storedFlows)
    await put(ROUTER, PREFIX)
    await until('flows of a sender that is back are stored', async () => {
      sendFlow()
      return Number((await pipeline.ask(storedFlows))[0]?.['count']) > Number(stored?.['count'])
    })
    const received = `select sum(received) from exporter_counts where exporter = '${ROUTER}'`
    await pipeline.expectNumber(received, sequence)
  })

  it('6: a sampling interval of 0 in the header does not make counters 0', async () => {
    const [entry] = await ask(['all'])
    assert.ok(Number(entry?.bytes) >= 1500 && Number(entry?.bytes) % 1500 === 0)
    assert.equal(entry?.sampled, undefined)
  })

  it('7: a signature with a time is valid for its own request only', async () => {
    const time = String(given.nowMs / 1000)
    const path = '/senders/192.0.2.7'
    const body = JSON.stringify({ prefixes: [PREFIX] })
    const headers = { 'X-Io-Time': time, 'X-Io-Sign': sign(`PUT\n${path}\n${time}\n${body}`) }
    for (const [method, target, content, status] of [
      ['PUT', path, body, 200],
      ['DELETE', path, body, 401],
      ['PUT', '/senders/192.0.2.8', body, 401],
      ['PUT', `${path}?replace=true`, body, 401],
      ['PUT', path, '{"prefixes":[]}', 401],
    ] as const) {
      assert.equal((await given.send(method, target, { body: content, headers })).status, status)
    }
    given.nowMs += 301_000
    assert.equal((await given.send('PUT', path, { body, headers })).status, 401)
    given.forgetFailures()
  })

  it('9: bins are in UTC, whatever the zone of the process and the clock of the router', async () => {
    const zone = process.env['TZ']
    const minutes = async () => {
      const [flow] = await pipeline.ask(
        `select to_char(max(received_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as minute from flows
         where exporter = $1`,
        [ROUTER],
      )
      const body = { [IN_PREFIX]: { minutes: [flow?.['minute']] } }
      return (await send('POST', `/stats/${ROUTER}`, body)).text
    }
    try {
      process.env['TZ'] = 'America/New_York'
      const there = await minutes()
      process.env['TZ'] = 'Asia/Kolkata'
      assert.equal(await minutes(), there)
      assert.match(there, /"direction":"in"/)
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
    // The header of each message says 2014.
    const old = await send('POST', `/stats/${ROUTER}`, { [IN_PREFIX]: { years: ['2014'] } })
    assert.deepEqual(old.json(), { [IN_PREFIX]: { years: [{ 2014: [] }] } })
  })

  it('10: a datagram that comes twice counts once', async () => {
    const [before] = await ask(['all'])
    const message = v5MessageOf({ sequence }, RECORD)
    sequence += 1
    pipeline.feed(ROUTER, message, message)
    const duplicates = `select sum(duplicates) from exporter_counts where exporter = '${ROUTER}'`
    await pipeline.expectNumber(duplicates, 1)
    const [after] = await ask(['all'])
    assert.equal(Number(after?.flows), Number(before?.flows) + 1)
    assert.equal(Number(after?.bytes), Number(before?.bytes) + 1500)
  })

  it('11: a flow of half an hour counts once, in the minute of its receipt', async () => {
    await put('192.0.2.11', PREFIX)
    const first = '00000000'
    const last = (30 * 60_000).toString(16).padStart(8, '0')
    const record = RECORD.replace('00000000 00000000 01bb', `${first} ${last} 01bb`)
    pipeline.feed('192.0.2.11', v5MessageOf({ uptimeMs: 31 * 60_000 }, record))
    await pipeline.expectNumber(`${storedFlows} where exporter = '192.0.2.11'`, 1)
    const [entry] = await ask(['all'], IN_PREFIX, '192.0.2.11')
    assert.deepEqual([entry?.bytes, entry?.flows], [1500, 1])
  })

  it('12: flows are counted, also those without counters', async () => {
    await put('192.0.2.12', PREFIX)
    const message = v9MessageOf(
      {},
      '0000 0010 0100 0002 0008 0004 000c 0004',
      '0100 000c cb007109 c6336402',
    )
    pipeline.feed('192.0.2.12', message)
    await pipeline.expectNumber(`${storedFlows} where exporter = '192.0.2.12'`, 1)
    assert.deepEqual(await ask(['all'], IN_PREFIX, '192.0.2.12'), [
      { name: 'all', bytes: null, pkts: null, direction: 'in', flows: 1 },
    ])
  })

  it('13: a flow is one row, however many fields and prefixes may be asked of it', async () => {
    const [tables] = await pipeline.ask(
      `select count(*)::int as flows, (select count(*)::int from pg_tables
         where schemaname = 'public' and tablename ~ 'stats|counter') as others
       from flows where exporter = '192.0.2.12'`,
    )
    assert.deepEqual(tables, { flows: 1, others: 0 })
  })
})
