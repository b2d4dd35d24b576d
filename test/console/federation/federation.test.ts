import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'
import { type Pipeline, QUICK, queryRows, startWriterAlone } from '../../helpers/pipeline.ts'
import { runLine } from '../terminal/terminal-harness.ts'

const SITES = ['berne', 'geneva', 'zurich'] as const
const HOUR_MS = 3_600_000
/** Closed hours, which rollups answer. */
const SINCE_MS = Math.floor(Date.now() / HOUR_MS - 4) * HOUR_MS
const RECORDS = 3
const DATAGRAMS = 120
const iso = (ms: number) => new Date(ms).toISOString()
/** The same range for the terminal. */
const WHEN = `--since ${iso(SINCE_MS)} --until ${iso(SINCE_MS + 2 * HOUR_MS)}`
const RANGE = `'${iso(SINCE_MS)}', '${iso(SINCE_MS + 2 * HOUR_MS)}'`

/** Every site has the exporter 192.0.2.1, and one of its own. */
function linesOf(site: number): string {
  return Array.from({ length: DATAGRAMS }, (_, index) => {
    const now = SINCE_MS + index * 60_000
    const header = { now, uptimeMs: 60_000, domain: 0, sequence: index * RECORDS }
    const first = 1000 * (site + 1) + index * RECORDS
    const message = encodeNumbered(5, header, { first, count: RECORDS, withTemplate: false })
    return ['192.0.2.1', `192.0.2.${10 + site}`]
      .map((exporter) => encodeDatagramLine(message, now, exporter, 2055))
      .join('')
  }).join('')
}

describe('a reporting database', () => {
  const pipelines: Pipeline[] = []
  let reports: TestDatabase
  let client: pg.Client
  before(async () => {
    for (const site of SITES.keys()) {
      const environment = { ...QUICK, RETENTION_DAYS: '0' }
      const pipeline = await startWriterAlone({ ownServer: true, environment })
      pipelines.push(pipeline)
      appendFileSync(pipeline.pipePath, linesOf(site))
    }
    for (const pipeline of pipelines) {
      await pipeline.expectNumber('select count(*) from flows', 2 * DATAGRAMS * RECORDS)
      await pipeline.expectNumber(`select sum(dirty) from rollup_status where level <> 'day'`, 0)
      await pipeline.ask('analyze')
    }
    reports = await createTestDatabase({ migrate: false })
    client = new pg.Client({ connectionString: reports.url })
    client.on('error', () => {})
    await client.connect()
  })
  after(async () => {
    await client?.end()
    await reports?.drop()
    for (const pipeline of pipelines) await pipeline.stop()
  })

  const run = (line: string) => runLine(`netflow ${line}`, reports.url)
  const ask = async (sql: string) => (await client.query(sql)).rows
  const atSite = (site: number, sql: string) => queryRows(pipelines[site]?.databaseUrl ?? '', sql)
  const urlOf = (site: number) => pipelines[site]?.databaseUrl ?? ''

  it('is made of a file of sites, twice with the same result', async () => {
    const file = join(pipelines[0]?.folder ?? '', 'sites.txt')
    const lines = SITES.map((name, site) => `${name}=${urlOf(site)}`)
    writeFileSync(file, `# sites\n\n${lines.join('\n')}\n`)
    for (const _ of [1, 2]) {
      const { code, stdout, stderr } = await run(`federate --sites ${file} --format csv`)
      assert.equal(code, 0, stderr)
      assert.equal(
        stdout,
        `site,state,problem\n${SITES.map((name) => `${name},asked,\n`).join('')}`,
      )
    }
    assert.equal((await run('federate --check')).code, 0)
  })

  it('holds the flows of all sites, by site', async () => {
    const counted = await ask(
      'select site, count(*)::int as flows from flows group by 1 order by 1',
    )
    assert.deepEqual(
      counted,
      SITES.map((site) => ({ site, flows: 2 * DATAGRAMS * RECORDS })),
    )
    const exporters = await ask(`select site from exporters where address = '192.0.2.1' order by 1`)
    assert.equal(exporters.length, 3)
  })

  for (const by of ['src', 'protocol', 'all', 'service', 'address', 'dst/24', 'pair']) {
    it(`adds up what the sites say, from rollups and from flows: by ${by}`, async () => {
      const sums = new Map<string, bigint>()
      for (const site of SITES.keys()) {
        const rows = await atSite(
          site,
          `select key, bytes::text from top_talkers(${RANGE}, '${by}', 1000)`,
        )
        for (const { key, bytes } of rows) {
          sums.set(String(key), (sums.get(String(key)) ?? 0n) + BigInt(String(bytes)))
        }
      }
      const expected = Object.fromEntries([...sums].map(([key, bytes]) => [key, String(bytes)]))
      for (const rollups of ['on', 'off']) {
        await ask(`set netflow.rollups = ${rollups}`)
        const found = await ask(
          `select key, bytes::text, exact from top_talkers(${RANGE}, '${by}', 1000)`,
        )
        assert.deepEqual(
          Object.fromEntries(found.map(({ key, bytes }) => [String(key), bytes])),
          expected,
        )
        assert.ok(found.every(({ exact }) => exact))
      }
      await ask('set netflow.rollups = on')
    })
  }

  it('tells exporters of two sites apart that have one address', async () => {
    const found = await ask(
      `select key, bytes::text from top_talkers(${RANGE}, 'exporter', 10) where rank is not null order by 1`,
    )
    const expected: object[] = []
    for (const [site, name] of SITES.entries()) {
      const rows = await atSite(
        site,
        `select key, bytes::text from top_talkers(${RANGE}, 'exporter', 10) where rank is not null order by 1`,
      )
      expected.push(...rows.map(({ key, bytes }) => ({ key: `${name} ${key}`, bytes })))
    }
    assert.deepEqual(found, expected)
    const bySite = await ask(
      `select key, flows::int from top_talkers(${RANGE}, 'site', 10) where rank <= 3`,
    )
    assert.deepEqual(bySite.map(({ key }) => key).sort(), [...SITES])
    assert.ok(bySite.every(({ flows }) => flows === 2 * DATAGRAMS * RECORDS))
  })

  it('shows traffic over time as the sum of the sites', async () => {
    const query = `select bucket, key, sum(bytes)::text as bytes, sum(flows)::int as flows
      from traffic(${RANGE}, '30 minutes', 'protocol') group by 1, 2 order by 1, 2`
    const sums = new Map<string, bigint>()
    for (const site of SITES.keys()) {
      for (const { bucket, bytes } of await atSite(site, query)) {
        const time = (bucket as Date).toISOString()
        sums.set(time, (sums.get(time) ?? 0n) + BigInt(String(bytes)))
      }
    }
    const found = await ask(query)
    assert.equal(found.length, 4)
    assert.deepEqual(
      Object.fromEntries(found.map(({ bucket, bytes }) => [bucket.toISOString(), bytes])),
      Object.fromEntries([...sums].map(([time, bytes]) => [time, String(bytes)])),
    )
  })

  it('has the balance of each site and of all', async () => {
    const rows = await ask(
      'select site, received::int, stored::int, difference::int from site_balance',
    )
    const one = { received: 2 * DATAGRAMS, stored: 2 * DATAGRAMS * RECORDS, difference: 0 }
    assert.deepEqual(rows, [
      ...SITES.map((site) => ({ site, ...one })),
      { site: 'all', received: 3 * one.received, stored: 3 * one.stored, difference: 0 },
    ])
  })

  /** The statements that a plan sends to the sites. */
  async function sentBy(sql: string): Promise<string> {
    const rows = await ask(`explain (verbose, costs off) ${sql}`)
    const lines = rows.map((row) => row['QUERY PLAN'] as string)
    return lines.filter((line) => /Remote SQL/.test(line)).join('\n')
  }

  it('has filters and times judged at the sites', async () => {
    const sent = await sentBy(
      `select * from flow_details where received_at >= '${iso(SINCE_MS)}' and dst_port = 443
       and src_addr <<= '192.0.2.0/24' and site = 'berne'`,
    )
    assert.equal(sent.split('\n').length, 1, sent)
    for (const condition of ['received_at >= ', 'dst_port = 443', 'src_addr <<= ']) {
      assert.ok(sent.includes(condition), sent)
    }
    const sums = await ask(
      `select site_berne.flow_sums('${iso(SINCE_MS)}', '${iso(SINCE_MS + 2 * HOUR_MS)}', 'protocol') as sql`,
    )
    await ask('set search_path = site_berne')
    const rolled = await sentBy(sums[0].sql)
    await ask('set netflow.rollups = off')
    const [raw] = await ask(
      `select flow_sums('${iso(SINCE_MS)}', '${iso(SINCE_MS + 2 * HOUR_MS)}', 'src') as sql`,
    )
    const flows = await sentBy(raw.sql)
    await ask('reset search_path; reset netflow.rollups')
    assert.match(rolled, / FROM public\.rollup_hour WHERE .*bucket >= /)
    assert.doesNotMatch(rolled, /public\.flows/)
    assert.match(flows, /sum\(bytes\).* FROM public\.flows WHERE .*received_at >= .* GROUP BY/)
  })

  it('answers the terminal', async () => {
    for (const line of [
      `top ${WHEN} --by site`,
      `top ${WHEN} --by exporter proto tcp`,
      `top ${WHEN} --by protocol exporter 192.0.2.1`,
      `traffic ${WHEN} --by exporter`,
      `flows ${WHEN} -n 5 src ip 192.0.2.1`,
      `conversations ${WHEN} -n 5`,
      `summary ${WHEN}`,
      `gaps ${WHEN} --ledger`,
      'health',
      'exporters',
    ]) {
      const { code, stderr, stdout } = await run(`${line} --format jsonl`)
      assert.equal(code, 0, `${line}: ${stderr}`)
      assert.notEqual(stdout, '', line)
    }
    const { stdout } = await run(`summary ${WHEN} --format jsonl`)
    assert.equal(JSON.parse(stdout.split('\n').at(-2) ?? '').flows, 3 * 2 * DATAGRAMS * RECORDS)
  })

  it('names a site that is down, and answers without it when it is left out', async () => {
    await pipelines[1]?.server.stop('immediate')
    // A session that asked before keeps its connections.
    const down = await run(`top --by site ${WHEN}`)
    assert.equal(down.code, 1)
    assert.match(down.stderr, /could not connect to server "geneva"/)
    const check = await run('federate --check --format csv')
    assert.equal(check.code, 1)
    assert.match(check.stdout, /geneva,asked,.*could not connect to server/)
    assert.match(check.stderr, /not in order: geneva/)
    assert.equal((await run('federate --leave-out geneva')).code, 0)
    const left = await run(`top --by site ${WHEN} --format csv`)
    assert.equal(left.code, 0, left.stderr)
    assert.doesNotMatch(left.stdout, /geneva/)
    assert.match(left.stdout, /,berne,/)
    assert.match(left.stdout, /,zurich,/)
    await pipelines[1]?.server.restart()
    assert.equal((await run('federate --take-in geneva --check')).code, 0)
    const again = await run(`top --by site ${WHEN} --format csv`)
    assert.match(again.stdout, /geneva/)
  })

  it('removes a site, imports the others anew, and leaves what others have made', async () => {
    await ask(`create view mine as select 1 as one`)
    assert.equal((await run('federate --remove zurich')).code, 0)
    assert.equal((await run('federate --refresh --check')).code, 0)
    const sites = await ask('select distinct site from exporters order by 1')
    assert.deepEqual(sites, [{ site: 'berne' }, { site: 'geneva' }])
    assert.deepEqual(await ask('select * from mine'), [{ one: 1 }])
    assert.equal((await ask(`select from pg_foreign_server`)).length, 2)
  })

  it('refuses what is no site, without its password, and a database of a writer', async () => {
    for (const [line, code, text] of [
      ['federate Zürich=postgres://u:secret@h/d', 2, /no name of a site/],
      ['federate a=mysql://u:secret@h/d', 2, /begins with postgres:/],
      ['federate a=postgres://u:secret@127.0.0.1:1/d', 1, /a: .*ECONNREFUSED/],
      ['federate --remove nowhere', 1, /"nowhere" is no site here/],
      [
        `federate --database-url ${urlOf(0)} a=${urlOf(1)}`,
        1,
        /has flows of its own: make another/,
      ],
    ] as const) {
      const outcome = await run(line)
      assert.equal(outcome.code, code, outcome.stderr)
      assert.match(outcome.stderr, text)
      assert.doesNotMatch(outcome.stderr, /secret/)
    }
  })
})
