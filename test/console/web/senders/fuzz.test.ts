/** Whatever is asked, the status is one that the API documents, and never 500. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { SendersHarness } from './senders-harness.ts'

const EXPORTER = '192.0.2.1'
const RUNS = { numRuns: 150 }

/** Texts that mean something somewhere, and any others. */
const WORDS = fc.constantFrom(
  ...['all', 'proto:6', 'srcip:10.0.0.1', 'dstip:::', 'srcas:4294967295', 'dstport:65535'],
  ...['2026', '2026-11', '2026-11-19', '2026-11-19 00', '2026-11-19 00:30', '1970', '2199'],
  ...[
    '10.0.0.0/8',
    '2001:db8::/32',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '__proto__',
  ],
  ...[
    'prefixes',
    'prefix',
    'prefixLen',
    'name',
    'ip',
    'constructor',
    '\0',
    '\ud800',
    "'; --",
    '%00',
  ],
)
const TEXT = fc.oneof(WORDS, WORDS, fc.string({ unit: 'binary' }))

const JSON_VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, -1, 0.5, 24, 33, 1e308),
    TEXT,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(TEXT, tie('value'), { maxKeys: 4 }),
  ),
})).value

const PREFIX = fc.record(
  {
    prefix: fc.oneof(fc.ipV4(), fc.ipV6(), TEXT),
    prefixLen: fc.oneof(fc.integer({ min: -1, max: 130 }), JSON_VALUE),
    name: TEXT,
  },
  { requiredKeys: ['prefix', 'prefixLen'] },
)
const PREFIXES = fc.record({ prefixes: fc.array(PREFIX, { maxLength: 5 }) })

/** Requests for statistics, most of them valid. */
const TIME = fc.constantFrom('2026', '2026-11', '2026-11-19', '2026-11-19 00', '2026-11-19 00:30')
const NAME = fc.oneof(
  fc.constant('all'),
  fc.nat(300).map((number) => `proto:${number}`),
  fc.nat(70_000).map((number) => `dstport:${number}`),
  fc.nat(2 ** 32).map((number) => `srcas:${number}`),
  fc.oneof(fc.ipV4(), fc.ipV6()).map((address) => `srcip:${address}`),
)
const KEY = fc.oneof(
  TIME,
  fc.tuple(TIME, fc.array(NAME, { maxLength: 4 })).map(([time, names]) => ({ [time]: names })),
)
const QUESTION = fc.dictionary(
  fc.constantFrom('10.0.0.0/8', '0.0.0.0/0', '::/0'),
  fc.dictionary(TEXT, fc.array(KEY, { maxLength: 4 }), { maxKeys: 3 }),
  { maxKeys: 3 },
)

const ZONES = fc.constantFrom(
  'UTC',
  'Europe/Zurich',
  'Asia/Kolkata',
  'Pacific/Apia',
  'utc',
  '+01:00',
)
const QUERY = fc.dictionary(
  fc.constantFrom('tz', 'replace', 'auth', 'x'),
  fc.oneof(ZONES, fc.constantFrom('true', 'false'), TEXT),
  { maxKeys: 2 },
)

describe('any request to the API of senders', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
    await given.rollups.fill(300, '2026-11-19T00:00Z', '2026-11-19T02:00Z')
  })
  after(() => given.stop())

  /** Sends a request that is signed, and checks its status. */
  async function check(
    method: string,
    path: string,
    query: object,
    body: unknown,
  ): Promise<number> {
    const parameters = new URLSearchParams(Object.entries(query))
    const target = `${path}?${parameters}`
    const hasBody = !['GET', 'HEAD'].includes(method)
    const { status, text } = await given.send(method, target, hasBody ? { body } : {})
    assert.deepEqual(given.errors, [], `${method} ${target}`)
    assert.ok([200, 400, 404, 405, 413, 415, 422].includes(status), `${status} ${text}`)
    if (status !== 200 && method !== 'HEAD') {
      const { status: word, message } = JSON.parse(text)
      assert.ok(/^[A-Z_]+$/.test(word) && message.length > 5, text)
    }
    return status
  }

  // A lone surrogate has no place in a URL.
  const pathOf = (text: string) => encodeURIComponent(Buffer.from(text).toString())

  it('about senders has a documented status', async () => {
    const ip = fc.oneof(fc.constant(EXPORTER), fc.ipV4(), fc.ipV6(), TEXT)
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS')
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(
        method,
        ip,
        fc.oneof(fc.constant({}), QUERY),
        fc.oneof(PREFIXES, JSON_VALUE),
        async (...asked) => {
          const [verb, address, query, body] = asked
          seen.add(await check(verb, `/senders/${pathOf(address)}`, query, body))
        },
      ),
      {
        ...RUNS,
        examples: [
          ['PUT', EXPORTER, {}, { prefixes: [] }],
          ['GET', '192.0.2.99', {}, null],
        ],
      },
    )
    assert.ok(seen.has(200) && seen.has(400) && seen.has(404), [...seen].join())
  })

  it('that is no JSON has 400', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((body) => Buffer.from(body))
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        assert.equal(await check('PUT', `/senders/${EXPORTER}`, {}, body.toString('latin1')), 400)
      }),
      RUNS,
    )
  })

  it('for statistics has a documented status', async () => {
    const prefixes = [
      { prefix: '10.0.0.0', prefixLen: 8 },
      { prefix: '0.0.0.0', prefixLen: 0 },
      { prefix: '::', prefixLen: 0 },
    ]
    await given.rollups.ask('delete from exporter_prefixes')
    await check('PUT', `/senders/${EXPORTER}`, {}, { prefixes })
    const seen = new Map<number, number>()
    const body = fc.oneof({ weight: 4, arbitrary: QUESTION }, { weight: 1, arbitrary: JSON_VALUE })
    const query = fc.oneof(fc.constant({}), fc.record({ tz: ZONES }), QUERY)
    await fc.assert(
      fc.asyncProperty(query, body, async (asked, question) => {
        const status = await check('POST', `/stats/${EXPORTER}`, asked, question)
        seen.set(status, (seen.get(status) ?? 0) + 1)
      }),
      {
        ...RUNS,
        examples: [
          [{ tz: 'Asia/Kolkata' }, { '::/0': { x: ['2026'] } }],
          [{}, []],
        ],
      },
    )
    assert.ok(seen.has(200) && seen.has(400), [...seen].join())
  })
})
