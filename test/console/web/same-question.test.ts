/** The statement and the command of an answer return the same rows. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { HOUR, WebHarness } from './web-harness.ts'

const TERMINAL = fileURLToPath(new URL('../../../console/terminal/main.js', import.meta.url))

interface Sums {
  readonly key: string | null
  readonly name: string
  readonly bytes: string | null
}

/** Paths whose filters have quotes, blanks and dollars for the shell and for SQL. */
const TOPS = [
  `/api/top?${HOUR}&by=src&n=5`,
  `/api/top?${HOUR}&by=dst&n=3&filter=${encodeURIComponent('dst port in [53 443] and not proto 17')}`,
  `/api/top?${HOUR}&by=exporter&scaled=false&filter=${encodeURIComponent('not extra x = "it\'s $1 \\\\ done"')}`,
]

const TRAFFICS = [
  `/api/traffic?${HOUR}&by=protocol&step=5m`,
  `/api/traffic?${HOUR}&by=protocol&step=10m&spread=true&filter=proto+tcp`,
  `/api/traffic?${HOUR}&by=exporter&step=15m&scaled=false&n=2`,
]

describe('the same question', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start()
  })

  after(() => web.stop())

  /** Runs a command line by a shell, and returns its rows. */
  function runInShell(command: string) {
    const line = command.replace(/^netflow /, '"$NODE" "$TERMINAL" ')
    const { stdout, stderr, status } = spawnSync('sh', ['-c', `${line} --format json`], {
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE: process.execPath,
        TERMINAL,
        DATABASE_URL: web.pipeline.databaseUrl,
      },
    })
    assert.equal(status, 0, `${command}\n${stderr}`)
    // The terminal writes counters as numbers; these are small enough.
    return JSON.parse(stdout) as Record<string, unknown>[]
  }

  const pick = ({ key, name, bytes }: Sums) => `${key} ${name} ${bytes}`

  for (const path of TOPS) {
    it(`has the rows of ${path}`, async () => {
      const { json } = await web.get(path)
      const expected = [...json.rows, ...(json.other ? [json.other] : [])].map(pick)
      assert.ok(expected.length > 1)
      const bySql = await web.pipeline.ask(json.sql)
      assert.deepEqual(
        bySql.map((row) => pick(row as unknown as Sums)).slice(0, expected.length),
        expected,
      )
      const byCommand = runInShell(json.command)
      const found = byCommand.map((row) => pick(row as unknown as Sums))
      assert.deepEqual(found.slice(0, expected.length), expected)
    })
  }

  for (const path of TRAFFICS) {
    it(`has the rows of ${path}`, async () => {
      const { json } = await web.get(path)
      const all = json.other ? [...json.rows, json.other] : json.rows
      const total = all.reduce((sum: bigint, row: { total: string }) => sum + BigInt(row.total), 0n)
      const addUp = (rows: readonly Record<string, unknown>[]) =>
        rows.reduce((sum, row) => sum + BigInt(String(row['bytes'])), 0n)
      assert.ok(total > 0n)
      assert.equal(addUp(await web.pipeline.ask(json.sql)), total)
      assert.equal(addUp(runInShell(json.command)), total)
    })
  }

  it('lists the same flows', async () => {
    const filter = encodeURIComponent('dst port 443 and bytes > 100')
    const { json } = await web.get(`/api/flows?${HOUR}&limit=7&filter=${filter}`)
    const times = json.rows.map((row: { received_at: string }) => Date.parse(row.received_at))
    const bySql = await web.pipeline.ask(json.sql)
    assert.deepEqual(
      bySql.map((row) => (row['received_at'] as Date).getTime()),
      times,
    )
    const byCommand = runInShell(json.command).map((row) => Date.parse(String(row['received_at'])))
    assert.deepEqual(byCommand, times.toReversed())
  })

  for (const path of [
    `/api/gaps?${HOUR}`,
    `/api/loss?${HOUR}`,
    `/api/exporters`,
    `/api/conversations?${HOUR}&limit=9&order=bytes`,
  ]) {
    it(`has as many rows as ${path}`, async () => {
      const { json } = await web.get(path)
      assert.ok(json.rows.length > 0)
      assert.equal((await web.pipeline.ask(json.sql)).length, json.rows.length)
      assert.equal(runInShell(json.command).length, json.rows.length)
    })
  }
})
