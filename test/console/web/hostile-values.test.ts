/** Values that exporters may send, however absurd, do not make answers fail or lie. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { HOUR, WebHarness } from './web-harness.ts'

/** The largest counter, and the largest rate. */
const BYTES = 9_223_372_036_854_775_807n
const RATE = 4_294_967_295n

describe('absurd values', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start()
    await web.pipeline.ask(`
      insert into flows (received_at, exporter, observation_domain, export_version, src_addr, dst_addr,
        src_port, dst_port, protocol, bytes, packets, sampling_rate, input_if, flow_start, flow_end, extra)
      select '2026-11-28 12:10+00', '192.0.2.1', 0, 9, '198.51.100.99', '203.0.113.99', 1, 2, 6,
        ${BYTES}, ${BYTES}, ${RATE}, 4294967295, '0001-01-01', '9999-12-31 23:59:59',
        '{"applicationName": "<img src=x onerror=alert(1)>\\u0001\\u202e"}'
      from generate_series(1, 3)`)
  })

  after(() => web.stop())

  const total = 3n * BYTES * RATE

  it('are added up exactly', async () => {
    const top = await web.get(`/api/top?${HOUR}&by=src&n=1`)
    assert.equal(top.status, 200, top.text)
    assert.equal(top.json.rows[0].bytes, String(total))
    for (const filter of ['', '&filter=host+198.51.100.99']) {
      const { status, json, text } = await web.get(`/api/traffic?${HOUR}&by=src&n=1${filter}`)
      assert.equal(status, 200, text)
      assert.equal(json.rows[0].total, String(total))
    }
    const raw = await web.get(`/api/top?${HOUR}&by=src&n=1&scaled=false`)
    assert.equal(raw.json.rows[0].bytes, String(3n * BYTES))
  })

  it('are shown as they are', async () => {
    const { status, json, text } = await web.get(`/api/flows?${HOUR}&filter=host+198.51.100.99`)
    assert.equal(status, 200, text)
    assert.equal(json.rows.length, 3)
    assert.equal(json.rows[0].raw_bytes, String(BYTES))
    assert.equal(json.rows[0].bytes, String(BYTES * RATE))
    assert.equal(json.rows[0].application, '<img src=x onerror=alert(1)>\u0001\u202e')
    const csv = await web.get(`/api/flows?${HOUR}&filter=host+198.51.100.99&format=csv`)
    assert.equal(csv.status, 200)
  })

  it('make no question fail', async () => {
    for (const path of [
      `/api/conversations?${HOUR}&filter=host+198.51.100.99`,
      `/api/traffic?${HOUR}&by=application&spread=true&step=10m&filter=proto+tcp`,
      `/api/nat/events?${HOUR}`,
      `/api/completions?field=extra`,
    ]) {
      const { status, text } = await web.get(path)
      assert.equal(status, 200, `${path}: ${text}`)
    }
  })
})
