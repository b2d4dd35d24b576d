/** The answers of the API: their schemas, their sums, and the same question for psql and the terminal. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { QUESTIONS } from '../../../console/web/api/questions.ts'
import { HOUR, WebHarness } from './web-harness.ts'

type Series = { readonly key: string; readonly values: readonly (string | null)[] }

/** Requests of every question, by its path. */
const REQUESTS: Readonly<Record<string, readonly string[]>> = {
  '/api/traffic': [
    `/api/traffic?${HOUR}`,
    `/api/traffic?${HOUR}&by=protocol&step=5m&n=2`,
    `/api/traffic?${HOUR}&by=src&n=3&unit=packets&filter=dst+port+443`,
    `/api/traffic?${HOUR}&by=exporter&scaled=false&unit=flows`,
    `/api/traffic?${HOUR}&by=service&spread=true&step=1m`,
    `/api/traffic?${HOUR}&by=protocol&spread=true&scaled=false&filter=proto+tcp`,
  ],
  '/api/top': [
    `/api/top?${HOUR}`,
    `/api/top?${HOUR}&by=address&n=3`,
    `/api/top?${HOUR}&by=src/24,56&filter=proto+udp`,
    `/api/top?${HOUR}&by=pair&scaled=false`,
  ],
  '/api/flows': [`/api/flows?${HOUR}&limit=5`, `/api/flows?${HOUR}&filter=port+443+and+not+ipv6`],
  '/api/conversations': [
    `/api/conversations?${HOUR}&limit=20`,
    `/api/conversations?${HOUR}&order=bytes&least_packets=2&filter=proto+tcp`,
  ],
  '/api/exporters': ['/api/exporters'],
  '/api/exporters/:address': [`/api/exporters/192.0.2.2?${HOUR}`],
  '/api/loss': [`/api/loss?${HOUR}`, `/api/loss?${HOUR}&step=5m&exporter=192.0.2.1`],
  '/api/gaps': [`/api/gaps?${HOUR}`, `/api/gaps?${HOUR}&exporter=192.0.2.1&limit=1`],
  '/api/balance': ['/api/balance'],
  '/api/nat': ['/api/nat?address=203.0.113.5&port=40123&at=2026-11-28T12:10:00Z'],
  '/api/nat/events': [`/api/nat/events?${HOUR}`],
  '/api/completions': [
    '/api/completions?field=word&prefix=du',
    '/api/completions?field=exporter&prefix=192',
    '/api/completions?field=if',
    '/api/completions?field=port&prefix=44',
    '/api/completions?field=application&prefix=%25',
    '/api/completions?field=extra',
    '/api/completions?field=by&prefix=src',
    '/api/completions?field=proto&prefix=t',
  ],
  '/api/filter': ['/api/filter?text=port+443', '/api/filter?text=port+443+nad+tcp'],
}

describe('the API', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start()
  })

  after(() => web.stop())

  for (const own of QUESTIONS) {
    for (const path of REQUESTS[own.path] ?? ['']) {
      it(`replies by its schema to ${path || own.path}`, async () => {
        const { status, json, text } = await web.get(path)
        assert.equal(status, 200, text)
        own.reply.parse(json)
        if (!own.table) return
        const csv = await web.get(path, { headers: { accept: 'text/csv' } })
        const jsonl = await web.get(`${path}${path.includes('?') ? '&' : '?'}format=jsonl`)
        const objects = jsonl.text.split('\n').filter((line) => line !== '')
        assert.equal(csv.text.split('\r\n').length - 2, objects.length)
        for (const line of objects) JSON.parse(line)
      })
    }
  }

  it('answers traffic whose bins add up to the flows', async () => {
    const { json } = await web.get(`/api/traffic?${HOUR}&by=protocol&step=5m&n=2`)
    const [sum] = await web.pipeline.ask(
      'select sum(bytes * coalesce(sampling_rate, 1))::text as bytes from flows',
    )
    assert.equal(addUp(json.other ? [...json.rows, json.other] : json.rows), sum?.['bytes'])
    assert.equal(json.t.length, 12)
    assert.equal(json.t[0], '2026-11-28T12:00:00Z')
    assert.equal(json.coverage.length, 12)
  })

  it('spreads flows under a filter as the database does without one', async () => {
    const range =
      'since=2026-11-28T12:05:00Z&until=2026-11-28T12:25:00Z&step=1m&by=protocol&spread=true'
    const plain = await web.get(`/api/traffic?${range}`)
    const filtered = await web.get(`/api/traffic?${range}&filter=ipv4+or+ipv6`)
    assert.notEqual(addUp(plain.json.rows), '0')
    assert.deepEqual(filtered.json.rows, plain.json.rows)
  })

  it('answers raw counters as they were sent', async () => {
    const { json } = await web.get(`/api/top?${HOUR}&by=exporter&scaled=false`)
    const rows = await web.pipeline.ask(
      'select host(exporter) as key, sum(bytes)::text as bytes from flows group by 1 order by sum(bytes) desc',
    )
    const found = json.rows.map(({ key, bytes }: { key: string; bytes: string }) => ({
      key,
      bytes,
    }))
    assert.deepEqual(found, rows)
  })

  it('says how much was received in each bin', async () => {
    const { json } = await web.get(`/api/traffic?${HOUR}&step=1h`)
    const [bin] = json.coverage
    assert.ok(bin.percent < 100 && bin.percent > 90, bin.percent)
    assert.deepEqual(
      bin.losses.map(({ cause, lost }: { cause: string; lost: string }) => [cause, lost]),
      [['network', '60']],
    )
  })

  it('says so for the exporters that the filter can select', async () => {
    const lossOf = async (filter: string) => {
      const path = `/api/traffic?${HOUR}&step=1h&filter=${encodeURIComponent(filter)}`
      const [bin] = (await web.get(path)).json.coverage
      return bin.losses.map(({ lost }: { lost: string }) => lost)
    }
    // 192.0.2.1, which sends version 5, lost flows; the others, which send version 9, lost none.
    for (const filter of [
      'exporter 192.0.2.1',
      'not exporter 192.0.2.2',
      'version 5',
      'port 443',
    ]) {
      assert.deepEqual(await lossOf(filter), ['60'], filter)
    }
    for (const filter of [
      'exporter 192.0.2.2',
      'not exporter 192.0.2.1 and port 443',
      'version 9',
    ]) {
      assert.deepEqual(await lossOf(filter), [], filter)
    }
    const { json } = await web.get(`/api/traffic?${HOUR}&step=1h&filter=exporter+203.0.113.9`)
    assert.equal(json.coverage[0].percent, null)
  })

  it('has one or several sampling rates of a stream as text', async () => {
    // Another range is another question, so no answer is kept.
    const samplingOf = async (since: string) =>
      (await web.get(`/api/exporters/192.0.2.2?since=${since}`)).json.exporter.streams[0].sampling
    assert.equal(await samplingOf('1h'), '100')
    await web.pipeline.ask(`
      insert into samplers select (jsonb_populate_record(samplers,
        '{"scope": "interface", "sampling_rate": 10}')).* from samplers where exporter = '192.0.2.2'`)
    assert.equal(await samplingOf('2h'), '10, 100')
    await web.pipeline.ask(`delete from samplers where scope = 'interface'`)
  })

  it('pages through all flows once, the newest first', async () => {
    const seen: string[] = []
    const times: string[] = []
    for (let after = ''; ; ) {
      const { json } = await web.get(
        `/api/flows?${HOUR}&limit=97&after=${encodeURIComponent(after)}`,
      )
      for (const row of json.rows) {
        seen.push(JSON.stringify(row))
        times.push(row.received_at)
      }
      if (json.next === null) break
      after = json.next
    }
    const [{ flows } = {}] = await web.pipeline.ask('select count(*)::int as flows from flows')
    assert.equal(seen.length, flows)
    assert.deepEqual(times, times.toSorted().reverse())
  })

  it('points at the place of a wrong filter', async () => {
    const { status, json } = await web.get(`/api/top?${HOUR}&filter=port+443+nad+tcp`)
    assert.equal(status, 400)
    assert.equal(json.error, 'bad_filter')
    assert.deepEqual(json.where, { parameter: 'filter', position: 9 })
    assert.deepEqual((await web.get('/api/filter?text=port+443+nad+tcp')).json.error.position, 9)
  })

  it('completes words, and names that the filter then understands', async () => {
    await web.pipeline.ask(
      `update exporters set name = 'Core "1" east' where address = '192.0.2.1'`,
    )
    const textsOf = async (query: string) => {
      const { json } = await web.get(`/api/completions?${query}`)
      return json.rows.map(({ text }: { text: string }) => text) as string[]
    }
    assert.deepEqual(await textsOf('field=word&prefix=p'), ['port', 'proto', 'packets', 'pps'])
    assert.deepEqual(await textsOf('field=proto&prefix=ic'), ['icmp', 'icmp6', 'icmpv6'])
    const [name] = await textsOf('field=exporter&prefix=core')
    assert.equal(name, `'Core "1" east'`)
    assert.ok((await textsOf('field=exporter&prefix=192')).includes('192.0.2.2'))
    assert.deepEqual(await textsOf('field=exporter&prefix=%25'), [])
    assert.ok((await textsOf('field=port&prefix=44')).includes('443'))
    for (const text of [name ?? '', '192.0.2.2']) {
      const filter = encodeURIComponent(`exporter ${text}`)
      const { json } = await web.get(`/api/top?${HOUR}&by=exporter&filter=${filter}`)
      assert.equal(json.rows.length, 1, text)
    }
    await web.pipeline.ask('update exporters set name = null')
  })
})

function addUp(rows: readonly Series[]): string {
  const values = rows.flatMap((row) => row.values).map((one) => BigInt(one ?? 0))
  return String(values.reduce((a, b) => a + b, 0n))
}
