import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { findFreeUdpPort } from '../../helpers/free-port.ts'
import { type Pipeline, queryRows, startPipeline } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'

const DEMO = fileURLToPath(new URL('../../../launcher/demo/main.js', import.meta.url))
const SHORT_DEMO = fileURLToPath(new URL('../../fixtures/short-demo.js', import.meta.url))

interface Finished {
  readonly output: string
  readonly code: number
}

/** Runs the demo to its end. `onOutput` gets everything printed so far. */
async function runDemo(
  environment: Readonly<Record<string, string>>,
  { main = DEMO, onOutput = (_: string): void => {} } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, NO_COLOR: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      onOutput(output)
    })
  }
  const [code] = await once(child, 'close')
  return { output, code }
}

/** Starts a server that answers as a healthy page does. It ends with the test. */
async function startPage(test: TestContext): Promise<number> {
  const server = createServer((_, response) => response.end('{"healthy":true}'))
  test.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

describe('the demo', () => {
  let database: TestDatabase
  let pipeline: Pipeline
  before(async () => {
    database = await createTestDatabase()
    const writerEnvironment = { FLUSH_INTERVAL_MS: '50' }
    pipeline = await startPipeline({ databaseUrl: database.url, writerEnvironment })
  })
  after(async () => {
    await pipeline.stop()
    await database.drop()
  })

  it('finds the flows and the gap of its own run, beside another run and after it', async (test) => {
    const environment = {
      DATABASE_URL: database.url,
      NETFLOW_PORT: `${pipeline.port},1`,
      WEB_PORT: String(await startPage(test)),
    }
    let isSending = false
    const onOutput = (output: string) => {
      isSending ||= output.includes('Three exporters send')
    }
    const long = runDemo(environment, { onOutput })
    await until('the first run sends', () => isSending)
    // A run has streams of its own when it begins in another second.
    await sleep(1_000)
    const runs = [await runDemo(environment, { main: SHORT_DEMO })]
    runs.push(await runDemo({ ...environment, WEB_PORT: '0' }, { main: SHORT_DEMO }))
    runs.push(await long)
    const pages = runs.map(({ output }) => /^Look at the traffic: (.+)$/m.exec(output)?.[1])
    const page = `http://127.0.0.1:${environment.WEB_PORT}/`
    assert.deepEqual(pages, [page, undefined, page])
    const sum = { flows: 0, gaps: runs.length, lost: 0 }
    for (const { output, code } of runs) {
      assert.equal(code, 0, output)
      const result = /^sent (\d+) flows, stored \1, deliberate gap of (\d+) declared$/m.exec(output)
      assert.ok(result, output)
      sum.flows += Number(result[1])
      sum.lost += Number(result[2])
      for (const title of ['Top talkers', 'Traffic per protocol', 'Traffic per exporter']) {
        assert.ok(output.includes(title), `${title} is missing`)
      }
      assert.ok(!output.includes('\u001b'), 'colours although this is no terminal')
    }
    const [rows] = await queryRows(
      database.url,
      `select (select count(*)::int from flows) as flows, count(*)::int as gaps,
        sum(lost)::int as lost from sequence_gaps`,
    )
    assert.deepEqual(rows, sum)
  })

  it('sends flows with plausible values', async () => {
    const [odd] = await queryRows(
      database.url,
      `select count(*)::int as rows from flows
        where bytes < packets * 20 or packets < 1 or flow_start > flow_end or src_addr is null
          or flow_end > received_at + interval '2 s' or flow_start < received_at - interval '2 min'
          or (icmp_type is null) <> (protocol not in (1, 58)) or extra - 'samplerId' <> '{}'`,
    )
    assert.deepEqual(odd, { rows: 0 })
    const kinds = await queryRows(
      database.url,
      'select distinct export_version as version, sampling_rate::int as rate from flows order by 1, 2',
    )
    assert.deepEqual(kinds, [
      { version: 5, rate: null },
      { version: 9, rate: 1 },
      { version: 9, rate: 100 },
    ])
  })

  it('names the command to run when nothing listens', async () => {
    const port = await findFreeUdpPort()
    const environment = { DATABASE_URL: database.url, NETFLOW_PORT: String(port) }
    const { output, code } = await runDemo(environment)
    assert.equal(code, 1)
    assert.match(output, new RegExp(`nothing listens on UDP port ${port} .*\n.*npm start`))
  })

  it('names the command to run when there is no database', async () => {
    const { output, code } = await runDemo({ DATABASE_URL: 'postgres://u@127.0.0.1:1/d' })
    assert.equal(code, 1)
    assert.match(output, /no database .*ECONNREFUSED.*\n.*npm start/)
  })
})
