/**
 * The commands of netflow.io's manual, unchanged except for the port, run by a shell with curl and
 * openssl. The signature is the whole output of openssl.
 */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { AUTH_KEY, SendersHarness, SIGN_KEY } from './senders-harness.ts'
import { askOracle } from './stats/stats-oracle.ts'

const missing = ['curl', 'openssl', 'bash'].find(
  (program) => spawnSync(program, ['--help']).error !== undefined,
)
const skip = missing === undefined ? false : `${missing} is not installed`

const HEADERS = `-H "X-Io-Auth: $NF_AUTH_KEY" -H "X-Io-Sign: $NF_SIGNED_KEY"`
const HOST = 'http://127.0.0.1:$PORT'
const EXPORT = `export NF_SIGNED_KEY=$( echo -n "$NF_AUTH_KEY" | openssl dgst -sha256 -hmac "$NF_SIGN_KEY" )`

const PUT_IPV4 = `curl -X PUT -d '{"prefixes":[{"prefix":"172.16.1.0","prefixLen":24}]}' \\
  ${HEADERS} -v ${HOST}/senders/172.16.1.1`
const PUT_IPV6 = `curl -X PUT -d '{"prefixes":[{"prefix":"2001:db8::","prefixLen":32}]}' \\
  ${HEADERS} -v ${HOST}/senders/172.16.1.1`
const DELETE_IPV6 = PUT_IPV6.replace('PUT', 'DELETE')
const DELETE_SENDER = `curl -X DELETE ${HEADERS} -v ${HOST}/senders/172.16.1.1`
const LIST = `curl -X GET ${HEADERS} -v ${HOST}/senders`
const SHOW = `curl -X GET ${HEADERS} -v ${HOST}/senders/172.16.1.1`
const MINUTES = [0, 1, 2, 3, 4].map((minute) => `2014-02-02 05:0${minute}`)
const KINDS = {
  years: ['2013', '2014'],
  months: ['2013-01', '2013-02'],
  days: ['2014-02-02'],
  hours: ['2014-02-02 05'],
}
const NAMES = ['all', 'dstas:34868', 'srcas:34868']

function postStats(minutes: readonly unknown[]): string {
  const body = JSON.stringify({ '2001:db8::/32': { ...KINDS, minutes } }, null, 2)
  return `curl -X POST -d '${body}' ${HEADERS} -v ${HOST}/stats/172.16.1.1`
}

const V4 = { prefix: '172.16.1.0', prefixLen: 24 }
const V6 = { prefix: '2001:db8::', prefixLen: 32 }

describe('the commands of the manual of netflow.io', { skip }, () => {
  let given: SendersHarness
  let port: string
  before(async () => {
    given = await SendersHarness.start()
    // The password of the page is not that of this API.
    const origin = await given.listen({ WEB_PASSWORD: 'of-the-page' })
    port = new URL(origin).port
  })
  after(() => given.stop())

  /** Runs a command of the manual. Returns the body, and the status and headers that curl prints. */
  async function run(command: string): Promise<{ body: string; status: string; headers: string }> {
    const script = `${EXPORT}\n${command}`
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], {
      env: {
        ...process.env,
        NF_AUTH_KEY: AUTH_KEY,
        NF_SIGN_KEY: SIGN_KEY,
        PORT: port,
        no_proxy: '*',
      },
    })
    // On a busy machine, curl prints its progress before the status, in the same line.
    const [, status = ''] = /< HTTP\/1\.1 (\d+)/.exec(stderr) ?? []
    return { body: stdout, status, headers: stderr }
  }

  async function runJson(command: string): Promise<unknown> {
    const { body, status } = await run(command)
    assert.equal(status, '200', body)
    return JSON.parse(body)
  }

  it('set up senders, show them, and remove prefixes', async () => {
    assert.deepEqual(await runJson(PUT_IPV4), { ip: '172.16.1.1', prefixes: [V4] })
    assert.deepEqual(await runJson(PUT_IPV6), { ip: '172.16.1.1', prefixes: [V4, V6] })
    assert.deepEqual(await runJson(LIST), [{ ip: '172.16.1.1', prefixes: [V4, V6] }])
    assert.deepEqual(await runJson(SHOW), { ip: '172.16.1.1', prefixes: [V4, V6] })
    assert.deepEqual(await runJson(DELETE_IPV6), { ip: '172.16.1.1', prefixes: [V4] })
    const removed = await run(DELETE_SENDER)
    assert.deepEqual([removed.status, removed.body], ['200', ''])
    assert.deepEqual(await runJson(LIST), [])
    assert.equal((await run(SHOW)).status, '404')
  })

  it('have the statistics of a query on flows', async () => {
    await runJson(PUT_IPV6)
    await given.rollups.fill(1, '2014-02-02T05:00Z', '2014-02-02T05:05Z')
    await given.rollups.ask('truncate flows')
    await given.rollups.ask(
      `insert into flows (received_at, exporter, observation_domain, export_version, src_addr,
         dst_addr, src_as, dst_as, bytes, packets, sampling_rate)
       select timestamptz '2014-02-02T05:00Z' + n * interval '7 seconds', '172.16.1.1', 0, 9,
         case when n % 2 = 0 then '2001:db8::1' else '2001:db9::1' end::inet,
         case when n % 3 = 0 then '2001:db8::2' else '2001:db9::2' end::inet,
         34868 - n % 2, 34868 - n % 3, n * 1000, n, 1 + n % 2
       from generate_series(0, 39) as n`,
    )
    const plain = await runJson(postStats(MINUTES))
    const detailed = await runJson(postStats(MINUTES.map((minute) => ({ [minute]: NAMES }))))
    for (const [reply, names] of [
      [plain, ['all']],
      [detailed, NAMES],
    ] as const) {
      const expected = await expectedReply(names)
      assert.deepEqual(reply, expected)
    }
    const text = JSON.stringify(detailed)
    for (const name of NAMES) assert.ok(text.includes(`"name":"${name}","bytes":`), name)
  })

  async function expectedReply(names: readonly string[]) {
    const ask = async (since: string, until: string, name: string) =>
      askOracle(given, { exporter: '172.16.1.1', prefix: '2001:db8::/32', since, until, name })
    const listOf = async (times: readonly string[], lengthMs: number, asked: readonly string[]) => {
      const list: object[] = []
      for (const time of times) {
        const since = new Date(`${time.padEnd(16, ':00').replace(' ', 'T')}Z`)
        const until = new Date(since.getTime() + lengthMs)
        const entries = []
        for (const name of asked) {
          entries.push(...(await ask(since.toISOString(), until.toISOString(), name)))
        }
        list.push({ [time]: entries })
      }
      return list
    }
    const all = await ask('2014-01-01T00:00Z', '2015-01-01T00:00Z', 'all')
    return {
      '2001:db8::/32': {
        years: [{ 2013: [] }, { 2014: all }],
        months: [{ '2013-01': [] }, { '2013-02': [] }],
        days: [{ '2014-02-02': all }],
        hours: await listOf(KINDS.hours, 3_600_000, ['all']),
        minutes: await listOf(MINUTES, 60_000, names),
      },
    }
  }

  it('may sign the body instead of the key', async () => {
    const body = '{"prefixes":[{"prefix":"172.16.1.0","prefixLen":24}]}'
    const { status } = await run(`
      SIGN=$( printf '%s' '${body}' | openssl dgst -sha256 -hmac "$NF_SIGN_KEY" )
      curl -s -v -X PUT -d '${body}' -H "X-Io-Auth: $NF_AUTH_KEY" -H "X-Io-Sign: $SIGN" \\
        ${HOST}/senders/172.16.1.1`)
    assert.equal(status, '200')
  })

  it('may sign the request with its time', async () => {
    const time = given.nowMs / 1000
    const target = '/senders/172.16.1.1?replace=true'
    const body = '{"prefixes":[]}'
    const { status, body: reply } = await run(
      `
      SIGN=$( printf 'PUT\\n%s\\n%s\\n%s' '${target}' ${time} '${body}' |
        openssl dgst -sha256 -hmac "$NF_SIGN_KEY" )
      curl -s -v -X PUT -d '${body}' -H "X-Io-Auth: $NF_AUTH_KEY" -H "X-Io-Sign: $SIGN" \\
        -H 'X-Io-Time: ${time}' '${HOST}${target}'`.replace(
        "'http://127.0.0.1:$PORT",
        `'http://127.0.0.1:${port}`,
      ),
    )
    assert.equal(status, '200', reply)
  })

  it('are refused with another key', async () => {
    const { status, body } = await run(
      `NF_SIGNED_KEY=$( openssl dgst -sha256 -hmac x </dev/null ); ${LIST}`,
    )
    assert.equal(status, '401')
    assert.match(body, /^\{"status":"UNAUTHORIZED","message":/)
  })
})
