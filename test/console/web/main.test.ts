/** The process of the web server: its start, its exit codes, TLS and signals. */

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../helpers/free-port.ts'
import { whyNoTls } from '../../helpers/tls-proxy.ts'
import { until } from '../../helpers/until.ts'

const MAIN = fileURLToPath(new URL('../../../console/web/main.js', import.meta.url))
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing'

class WebProcess {
  readonly child: ChildProcess
  log = ''

  constructor(environment: Readonly<Record<string, string>>) {
    const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: NOWHERE, ...environment }
    this.child = fork(MAIN, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text
      })
    }
  }

  async ready(): Promise<string> {
    const [message] = await once(this.child, 'message')
    return (message as { readonly url: string }).url
  }

  async exit(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode
    const [code] = await once(this.child, 'close')
    return code as number | null
  }

  stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    return this.exit()
  }
}

describe('the process of the web server', () => {
  it('ends with 2 and the remedy where others could read without a password', async () => {
    const web = new WebProcess({ WEB_HOST: '0.0.0.0' })
    assert.equal(await web.exit(), 2)
    assert.match(web.log, /set WEB_PASSWORD, or listen on 127\.0\.0\.1/)
  })

  it('serves, says where, and ends with 0 on SIGTERM', async () => {
    const web = new WebProcess({ WEB_PORT: String(await findFreePort()) })
    const url = await web.ready()
    const page = await fetch(`${url}api`)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /GET \/api\/traffic/)
    assert.equal(await web.stop(), 0)
    assert.match(web.log, /page and API are served/)
  })

  it('ends with 1 and a sentence when its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const web = new WebProcess({ WEB_PORT: String(port) })
    assert.equal(await web.exit(), 1)
    assert.match(web.log, /no page and no API: TCP port \d+ of 127\.0\.0\.1 cannot be opened/)
    assert.doesNotMatch(web.log, /"stack"/)
    other.close()
  })

  it('shows no secret in its log', async () => {
    const web = new WebProcess({
      WEB_PORT: String(await findFreePort()),
      WEB_PASSWORD: 'pass-secret-1',
      API_AUTH_KEY: 'auth-secret-12345',
      API_SIGN_KEY: 'sign-secret-12345',
    })
    await web.ready()
    await web.stop()
    assert.doesNotMatch(web.log, /secret/)
  })
})

describe('TLS', { skip: whyNoTls() }, () => {
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'netflow-web-'))
    for (const name of ['old', 'new']) certify(folder, name)
  })

  after(() => rmSync(folder, { recursive: true }))

  const use = (name: string) => {
    for (const end of ['key', 'crt']) {
      copyFileSync(join(folder, `${name}.${end}`), join(folder, `web.${end}`))
    }
  }

  it('is served, and its certificate is read again at SIGHUP', async () => {
    use('old')
    const web = new WebProcess({
      WEB_PORT: String(await findFreePort()),
      WEB_TLS_CERT: join(folder, 'web.crt'),
      WEB_TLS_KEY: join(folder, 'web.key'),
    })
    const url = await web.ready()
    assert.match(url, /^https:/)
    const ask = () => askSubject(url, readFileSync(join(folder, 'web.crt'), 'utf8'))
    assert.equal(await ask(), 'old')
    use('new')
    web.child.kill('SIGHUP')
    await until('it is read again', () => /the certificate was read again/.test(web.log))
    assert.equal(await ask(), 'new')
    copyFileSync(join(folder, 'old.key'), join(folder, 'web.key'))
    web.child.kill('SIGHUP')
    await until('it is refused', () => /the old one stays/.test(web.log))
    assert.equal(await ask(), 'new')
    await web.stop()
  })
})

function certify(folder: string, name: string): void {
  const file = (end: string) => join(folder, `${name}.${end}`)
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', file('key'), '-out', file('crt'), '-days', '2', '-subj', `/CN=${name}`],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  )
}

/** Returns the name in the certificate of a server that `ca` has certified. */
function askSubject(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(`${url}api`, { ca, agent: false }, (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate()
      response.resume().on('end', () => resolve(String(subject.CN)))
    })
    sent.on('error', reject).end()
  })
}
