import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { runTerminal } from '../../../console/terminal/run-terminal.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'

const PARTITION = `create table flows_all partition of flows default`

describe('netflow tail', () => {
  let database: TestDatabase
  const clients: pg.Client[] = []
  const open = async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    clients.push(client)
    return client
  }
  before(async () => {
    database = await createTestDatabase()
    await (await open()).query(PARTITION)
  })
  after(async () => {
    for (const client of clients) await client.end()
    await database.drop()
  })

  /** Writes a row and lists its minute, as a batch does. */
  const insert = async (client: pg.Client, port: number, received: string) => {
    await client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version, protocol, src_port)
       values ($1, '192.0.2.1', 0, 5, 6, $2)`,
      [received, port],
    )
    await client.query(
      `insert into rollup_dirty values (date_trunc('minute', $1::timestamptz), 0)`,
      [received],
    )
  }

  const follow = (line: string) => {
    const controller = new AbortController()
    let text = ''
    const stdout = new Writable({
      write: (chunk, _, done) => {
        text += String(chunk)
        done()
      },
    })
    const code = runTerminal(
      line.split(' '),
      {
        ...{ stdout, stderr: stdout, folder: '/', nowMs: Date.now(), width: undefined },
        environment: { DATABASE_URL: database.url, TZ: 'UTC' },
        errorWidth: () => undefined,
      },
      controller.signal,
    )
    const ports = () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((row) => Number(JSON.parse(row).src_port))
    return { ports, stop: () => controller.abort(), code }
  }

  it('shows each flow once, in whatever order batches are committed, late ones included', async () => {
    const [first, second, third] = [await open(), await open(), await open()]
    await insert(first, 1, new Date().toISOString())
    const tail = follow('tail --format jsonl -n 10')
    await until('it has begun', () => tail.ports().length === 1)
    await first.query('begin')
    await insert(first, 2, new Date().toISOString())
    await insert(second, 3, new Date().toISOString())
    await until('the later batch is shown', () => tail.ports().includes(3))
    await first.query('commit')
    await insert(third, 4, '2026-01-02T03:04:05Z')
    await until('all are shown', () => tail.ports().includes(4) && tail.ports().includes(2))
    await insert(third, 5, new Date().toISOString())
    await until('the last is shown', () => tail.ports().includes(5))
    tail.stop()
    assert.equal(await tail.code, 0)
    assert.deepEqual(tail.ports().sort(), [1, 2, 3, 4, 5])
  })

  it('shows a late flow that the rollups have counted already', async () => {
    const client = await open()
    const tail = follow('tail --format jsonl -n 0 src port 6')
    await client.query('begin')
    await insert(client, 6, '2026-01-02T03:05:05Z')
    // As the job does: it takes the minute off the list, writes its sums, and lists its hour.
    await client.query('delete from rollup_dirty where level = 0')
    await client.query(
      `insert into rollup_minute (bucket, flows, field, exporter) values ('2026-01-02T03:05Z', 1, 0, '192.0.2.1')`,
    )
    await client.query(`insert into rollup_dirty values ('2026-01-02T03:00Z', 1)`)
    const waiting = sleep(300)
    await waiting
    await client.query('commit')
    await until('it is shown', () => tail.ports().length > 0)
    tail.stop()
    assert.equal(await tail.code, 0)
    assert.deepEqual(tail.ports(), [6])
  })

  it('refuses formats that need all rows', async () => {
    assert.equal(await follow('tail --format json').code, 2)
  })
})
