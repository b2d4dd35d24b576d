/** SENDERS.md shows commands with their output, and the settings that the API has. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { codeBlocks, readDocument, sectionOf, tableOf } from '../../../helpers/markdown.ts'
import { AUTH_KEY, SendersHarness, SIGN_KEY } from './senders-harness.ts'

const missing = ['curl', 'openssl', 'bash'].find(
  (program) => spawnSync(program, ['--help']).error !== undefined,
)
const skip = missing === undefined ? false : `${missing} is not installed`
const DOCUMENT = readDocument('console/web/SENDERS.md')

/** The flows of the sender that the document asks about. */
const FLOWS = `
  insert into flows (received_at, exporter, observation_domain, export_version, src_addr, dst_addr,
    src_as, dst_as, bytes, packets, sampling_rate)
  select timestamptz '2014-02-02T05:00Z' + n * interval '7 seconds', '172.16.1.1', 0, 9,
    case when n % 2 = 0 then '2001:db8::1' else '2001:db9::1' end::inet,
    case when n % 3 = 0 then '2001:db8::2' else '2001:db9::2' end::inet,
    34868 - n % 2, 34868 - n % 3, n * 1000, n, 1 + n % 2
  from generate_series(0, 39) as n`

describe('SENDERS.md', () => {
  it('names every status that the API has', () => {
    const documented = tableOf(sectionOf(DOCUMENT, 'Status')).flatMap(([status = '']) =>
      status.split(', '),
    )
    assert.deepEqual(documented, '400 401 404 405 413 415 422 429 503 504'.split(' '))
  })

  it('has the keys of the tests', () => {
    assert.ok(DOCUMENT.includes(`API_AUTH_KEY=${AUTH_KEY}`))
    assert.ok(DOCUMENT.includes(`API_SIGN_KEY=${SIGN_KEY}`))
  })
})

describe('the commands of SENDERS.md', { skip }, () => {
  let given: SendersHarness
  let origin: string
  before(async () => {
    given = await SendersHarness.start()
    // The document signs with the time of the shell.
    given.nowMs = Date.now()
    origin = await given.listen()
    await given.rollups.fill(1, '2014-02-02T05:00Z', '2014-02-02T05:05Z')
    await given.rollups.ask('truncate flows')
    await given.rollups.ask(FLOWS)
  })
  after(() => given.stop())

  it('have the outputs that it shows', async () => {
    const commands = codeBlocks(DOCUMENT, 'sh')
    const [keys = '', ...requests] = commands
    assert.match(keys, /openssl/)
    const outputs = codeBlocks(DOCUMENT, 'json')
    assert.ok(requests.length > 4)
    assert.equal(outputs.length, requests.length)
    for (const [index, request] of requests.entries()) {
      const script = `${keys}\n${request.replaceAll('http://127.0.0.1:8080', origin)}`
      const env = { ...process.env, no_proxy: '*' }
      const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
      assert.deepEqual(JSON.parse(stdout), JSON.parse(outputs[index] ?? ''), request + stdout)
    }
  })
})
