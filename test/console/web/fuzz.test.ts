/** No input makes the API fail, or run longer than its limit. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { ERROR_STATUSES } from '../../../console/web/api/openapi.ts'
import { QUESTIONS } from '../../../console/web/api/questions.ts'
import { WebHarness } from './web-harness.ts'

const RUNS = 60
/** Beside what the API describes: requests that HTTP itself refuses. */
const ALLOWED = new Set([200, ...ERROR_STATUSES, 414, 431])

/** Values that are nearly right, for parameters by their names. */
const NEARLY: Readonly<Record<string, readonly string[]>> = {
  since: [
    '1h',
    'yesterday',
    '2026-11-28T12:00:00Z',
    '2026-11-28',
    '9998-01-01',
    '1969-12-31',
    '-0s',
  ],
  until: ['now', '2026-11-28T12:30:00Z', 'today', '0000-00-00', '2026-02-30', '24:00'],
  at: ['now', '2026-11-28T12:10:00Z', '1970-01-02'],
  tz: ['UTC', 'Europe/Zurich', 'Mars/Olympus', '+01:00'],
  step: ['1m', '5m', '1h', '1month', '3months', '0s', '999999w', '1 month', '1y'],
  points: ['1', '10000', '0', '1e3', '007'],
  by: [
    'src',
    'src/24',
    'src/999',
    'dst/24,129',
    'interface',
    'prefix',
    'pair',
    'src/0',
    'constructor',
  ],
  n: ['0', '1', '1000', '-1', '999999999'],
  limit: ['1', '10000', '0', '1.5'],
  least_packets: ['0', '999999999'],
  unit: ['bytes', 'packets', 'flows', 'bits'],
  scaled: ['true', 'false', '1'],
  spread: ['true', 'false'],
  order: ['time', 'bytes', 'duration', 'bytes; drop table flows'],
  address: ['192.0.2.1', '::1', '192.0.2.1/24', '1.2.3', '::ffff:192.0.2.1', '%'],
  port: ['0', '65535', '65536', '99999'],
  exporter: ['192.0.2.1', 'core-1', "'", '\\'],
  after: ['2026-11-28T12:10:00Z~1~1~1', '2026-11-28T12:10:00.123456Z~4294967295~0~1', '~~~'],
  field: ['word', 'exporter', 'if', 'port', 'extra', 'nothing'],
  prefix: ['', 'a', '%', '_', '\\', '"'],
  filter: [
    'port 443',
    'bytes > 99999999999999999999',
    'not (src host ::1 or as in [1 2 3])',
    'extra a = "\u0000"',
    'exporter "\u0000"',
    'bps > 1t',
    '((((((((',
  ],
  text: ['port 443', 'port', '"'],
}

/** A request: a question with some of its parameters, and sometimes one that it does not have. */
const request = fc.constantFrom(...QUESTIONS).chain((own) => {
  const names = Object.keys(own.query.shape)
  const values = Object.fromEntries(names.map((name) => [name, textOf(name)]))
  const parameters = fc.record(values, { requiredKeys: [] })
  const format = fc.option(fc.constantFrom('json', 'csv', 'jsonl', 'xml'), { nil: undefined })
  return fc.record({ route: fc.constant(own.path), parameters, format })
})

function textOf(name: string): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...(NEARLY[name] ?? [''])) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  )
}

describe('the API', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start({ WEB_TIMEOUT_MS: '5000' })
  })

  after(() => web.stop())

  it('has an answer or an error of its description for every input', async () => {
    const statuses = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(request, async ({ route, parameters, format }) => {
        const given = { ...parameters } as Record<string, string>
        const path = route.replace(/:(\w+)/g, (_, name: string) => {
          const value = encodeURIComponent(given[name] || '192.0.2.1')
          delete given[name]
          return value
        })
        const query = Object.entries({ ...given, ...(format && { format }) })
        const url = `${path}?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
        const { status, json, text } = await web.get(url)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        assert.ok(ALLOWED.has(status), `${status} for ${url}: ${text}`)
        if (status === 400) assert.equal(typeof json.where?.parameter, 'string', `${url}: ${text}`)
      }),
      { numRuns: RUNS * QUESTIONS.length },
    )
    // A generator whose inputs are all refused would try nothing.
    assert.ok((statuses.get(200) ?? 0) > 50, JSON.stringify([...statuses]))
    assert.ok((statuses.get(400) ?? 0) > 50, JSON.stringify([...statuses]))
  })

  it('has an error for URLs that are none of its own', async () => {
    const paths = fc.string({ unit: 'binary', maxLength: 60 }).map(encodeURIComponent)
    await fc.assert(
      fc.asyncProperty(
        paths,
        fc.constantFrom('/', '/api/', '/api/exporters/', '/page/'),
        async (path, begin) => {
          const { status, text } = await web.get(begin + path)
          assert.ok(ALLOWED.has(status), `${status} for ${begin + path}: ${text}`)
        },
      ),
      { numRuns: RUNS },
    )
  })

  it('refuses percent signs that encode nothing, and parameters given twice', async () => {
    for (const path of [
      '/api/filter?text=%',
      '/api/filter?text=%ff%fe',
      '/%',
      '/api/exporters/%ff',
    ]) {
      const { status, text } = await web.get(path)
      assert.ok([200, 400, 404].includes(status), `${path}: ${status} ${text}`)
    }
    const { status, json } = await web.get('/api/top?n=1&n=2')
    assert.equal(status, 400)
    assert.deepEqual(json.where, { parameter: 'n' })
  })

  it('refuses a filter that is longer than it reads', async () => {
    const { status, json } = await web.get(`/api/top?filter=${'x'.repeat(20_000)}`)
    assert.equal(status, 400)
    assert.deepEqual(json.where, { parameter: 'filter' })
    assert.equal((await web.get(`/api/top?filter=${'x'.repeat(60_000)}`)).status, 431)
  })
})
