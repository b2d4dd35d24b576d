/** Files are served compressed, and kept by browsers; and the description of the API. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describeApi } from '../../../console/web/api/openapi.ts'
import { QUESTIONS } from '../../../console/web/api/questions.ts'
import { readPageFiles } from '../../../console/web/page-files.ts'
import type { WebServer } from '../../../console/web/web-server.ts'
import { send, startServer } from './web-harness.ts'

describe('a file of the page', () => {
  let server: WebServer & { readonly origin: string }

  before(async () => {
    server = await startServer({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' })
  })

  after(() => server.stop())

  it('is the same compressed', () => {
    const { byPath } = readPageFiles()
    assert.ok(byPath.has('/lib/uplot.js') && byPath.has('/lib/uplot.css'))
    assert.ok(byPath.has('/page/reference.css'))
    for (const [path, { body, gzip, brotli }] of byPath) {
      assert.deepEqual(gunzipSync(gzip), body, path)
      assert.deepEqual(brotliDecompressSync(brotli), body, path)
    }
  })

  it('comes in the encoding that the browser accepts', async () => {
    const url = `${server.origin}/lib/uplot.js`
    const encodingFor = async (accepted: string) => {
      const { headers } = await send(url, { headers: { 'accept-encoding': accepted } })
      return headers['content-encoding']
    }
    assert.equal(await encodingFor('gzip, deflate, br'), 'br')
    assert.equal(await encodingFor('gzip'), 'gzip')
    assert.equal(await encodingFor('identity'), undefined)
    const { headers } = await send(url)
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8')
  })

  it('is not sent again while it is the same', async () => {
    const url = `${server.origin}/page/reference.css`
    const first = await send(url)
    assert.equal(first.headers['cache-control'], 'no-cache')
    const again = await send(url, { headers: { 'if-none-match': `"x", W/${first.headers.etag}` } })
    assert.deepEqual([again.status, again.text], [304, ''])
    assert.equal(again.headers.etag, first.headers.etag)
    assert.match(String(again.headers['content-security-policy']), /default-src 'none'/)
  })

  it('is kept for ever under the hash of all files', async () => {
    const { version } = readPageFiles()
    const { status, headers } = await send(`${server.origin}${version}/page/reference.css`)
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal((await send(`${server.origin}/v/0000000000000000/page/reference.css`)).status, 404)
  })
})

describe('the description of the API', () => {
  let server: WebServer & { readonly origin: string }

  before(async () => {
    server = await startServer({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' })
  })

  after(() => server.stop())

  it('has every question, every parameter and its default', async () => {
    const { json } = await send(`${server.origin}/api/openapi.json`)
    assert.equal(json.openapi, '3.1.0')
    assert.equal(Object.keys(json.paths).length, QUESTIONS.length)
    for (const own of QUESTIONS) {
      const { get } = json.paths[own.path.replace(':address', '{address}')]
      const names = get.parameters.map(({ name }: { name: string }) => name)
      const expected = [...Object.keys(own.query.shape), ...(own.table ? ['format'] : [])]
      assert.deepEqual(names, expected)
      for (const { schema } of get.parameters) assert.ok(schema.type ?? schema.enum, own.path)
      assert.equal(get.responses['200'].content['application/json'].schema.type, 'object')
    }
    const { parameters } = json.paths['/api/top'].get
    const n = parameters.find(({ name }: { name: string }) => name === 'n')
    assert.deepEqual(
      [n.required, n.schema.type, n.schema.default, n.schema.minimum, n.schema.maximum],
      [false, 'integer', 10, 0, 10_000],
    )
    const nat = json.paths['/api/nat'].get.parameters
    assert.equal(nat.find(({ name }: { name: string }) => name === 'address').required, true)
  })

  it('is a page for people, without a script', async () => {
    const { status, headers, text } = await send(`${server.origin}/api`)
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/html/)
    for (const { path } of QUESTIONS)
      assert.ok(text.includes(path.replace(':address', '{address}')))
    assert.doesNotMatch(text, /<script|style=/)
  })

  it('has the version of the program', () => {
    assert.equal((describeApi([], '1.2.3')['info'] as { version: string }).version, '1.2.3')
  })
})
