/** The embedded server on loopback TCP: who may log in, and what a change of the port does. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import pg from 'pg'
import type { EmbeddedPostgres } from '../../../launcher/postgres/embedded-postgres.ts'
import { ClusterTemplate } from '../../helpers/cluster-template.ts'
import { findFreePort } from '../../helpers/free-port.ts'
import { until } from '../../helpers/until.ts'
import { AT_ONCE, ask, makeBench } from './server-bench.ts'

let template: ClusterTemplate
before(async () => {
  template = await ClusterTemplate.create()
})
after(() => template.remove())

async function makeTcpBench(context: TestContext) {
  const bench = await makeBench(context, template)
  const passwordFile = join(bench.folder, 'data/reader-password')
  const makeTcpServer = (port: number) => bench.makeServer({ tcp: { port, passwordFile } })
  return { ...bench, passwordFile, makeTcpServer }
}

/** Logs in and asks one question. @returns the answer, or the SQLSTATE or system code */
async function tryLogin(url: string, query = 'select current_user::text as answer') {
  const client = new pg.Client(url)
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(query)).rows[0]?.answer
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  } finally {
    await client.end().catch(() => {})
  }
}

/** A reader's connection string with parts changed. */
function changeUrl(server: EmbeddedPostgres, change: (url: URL) => void): string {
  const url = new URL(server.readerUrl ?? '')
  change(url)
  return url.href
}

const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

const REFUSED_BY_RULES = '28000'
const WRONG_PASSWORD = '28P01'
const NO_PERMISSION = '42501'

describe('the embedded server on TCP', AT_ONCE, () => {
  it('lets the reader in by its password, over IPv4 and IPv6, and nobody else', async (context) => {
    const { makeTcpServer } = await makeTcpBench(context)
    const server = makeTcpServer(await findFreePort())
    await server.start()
    assert.equal(await tryLogin(server.readerUrl ?? ''), 'netflow_reader')
    if (HAS_IPV6) {
      const url = changeUrl(server, (url) => {
        url.hostname = '[::1]'
      })
      assert.equal(await tryLogin(url), 'netflow_reader')
    }
    const wrong = changeUrl(server, (url) => {
      url.password = 'guessed'
    })
    assert.equal(await tryLogin(wrong), WRONG_PASSWORD)
    await ask(server, "create role other login password 'known'")
    for (const user of ['netflow', 'other', 'netflow_writer']) {
      const url = changeUrl(server, (url) => {
        url.username = user
        url.password = 'known'
      })
      assert.equal(await tryLogin(url), REFUSED_BY_RULES, user)
    }
    const elsewhere = changeUrl(server, (url) => {
      url.pathname = '/postgres'
    })
    assert.equal(await tryLogin(elsewhere), REFUSED_BY_RULES)
  })

  it('refuses the reader without a password', async (context) => {
    const { makeTcpServer } = await makeTcpBench(context)
    const server = makeTcpServer(await findFreePort())
    await server.start()
    const none = changeUrl(server, (url) => {
      url.password = ''
    })
    assert.match(await tryLogin(none), /password must be a string|no password/i)
  })

  it('lets the reader read old and new tables, and change nothing', async (context) => {
    const { makeServer, makeTcpServer } = await makeTcpBench(context)
    const first = makeServer()
    await first.start()
    await ask(first, "create table old as select 'old' as answer")
    await first.stop()
    const server = makeTcpServer(await findFreePort())
    await server.start()
    await ask(server, "create table new as select 'new' as answer")
    const url = server.readerUrl ?? ''
    assert.equal(await tryLogin(url, 'select answer from old'), 'old')
    assert.equal(await tryLogin(url, 'select answer from new'), 'new')
    assert.equal(await tryLogin(url, 'delete from old'), NO_PERMISSION)
    assert.equal(await tryLogin(url, 'create table mine (a int)'), NO_PERMISSION)
  })

  it('keeps the password over restarts, in a file for its owner only', async (context) => {
    const { makeTcpServer, passwordFile } = await makeTcpBench(context)
    const server = makeTcpServer(await findFreePort())
    await server.start()
    const url = server.readerUrl
    const password = (await readFile(passwordFile, 'utf8')).trim()
    assert.ok(password.length >= 24)
    assert.equal(new URL(url ?? '').password, password)
    assert.equal((await stat(passwordFile)).mode & 0o777, 0o600)
    await server.stop()
    await server.start()
    assert.equal(server.readerUrl, url)
    assert.equal(await tryLogin(url ?? ''), 'netflow_reader')
    await server.stop()
    await writeFile(passwordFile, '')
    await server.start()
    assert.notEqual(server.readerUrl, url)
    assert.equal(await tryLogin(server.readerUrl ?? ''), 'netflow_reader')
  })

  it('takes another port, or none, at the next start', async (context) => {
    const { folder, makeServer, makeTcpServer } = await makeTcpBench(context)
    const [one, two] = [await findFreePort(), await findFreePort()]
    const first = makeTcpServer(one)
    await first.start()
    await ask(first, 'create table kept as select 1')
    await first.stop()
    const second = makeTcpServer(two)
    await second.start()
    assert.equal(await ask(second, 'select count(*)::int from kept'), 1)
    assert.equal(await tryLogin(first.readerUrl ?? ''), 'ECONNREFUSED')
    assert.equal(await tryLogin(second.readerUrl ?? ''), 'netflow_reader')
    await second.stop()
    const third = makeServer()
    await third.start()
    assert.equal(third.readerUrl, undefined)
    assert.equal(await ask(third, 'show listen_addresses'), '')
    assert.equal(await tryLogin(second.readerUrl ?? ''), 'ECONNREFUSED')
    assert.equal(existsSync(join(folder, 'data/postgres/netflow_hba.conf')), false)
  })

  it('replaces a server of an earlier start that has another port', async (context) => {
    const { makeServer, makeTcpServer } = await makeTcpBench(context)
    const earlier = makeServer()
    await earlier.start()
    const { pid } = earlier
    const server = makeTcpServer(await findFreePort())
    await server.start()
    assert.notEqual(server.pid, pid)
    await until('the end of the earlier server', () => earlier.pid === undefined)
    assert.equal(await tryLogin(server.readerUrl ?? ''), 'netflow_reader')
    const adopting = makeTcpServer(Number(new URL(server.readerUrl ?? '').port))
    await adopting.start()
    assert.equal(adopting.pid, server.pid)
  })

  it('names a port that is in use, on either address', async (context) => {
    const { makeTcpServer } = await makeTcpBench(context)
    const port = await findFreePort()
    const server = makeTcpServer(port)
    for (const host of HAS_IPV6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      const other = createServer().listen(port, host)
      context.after(() => other.close())
      await once(other, 'listening')
      const sentence = new RegExp(`TCP port ${port} on ${host} is in use.*EMBEDDED_PG_PORT`)
      await assert.rejects(server.start(), { code: 'NO_SERVER', message: sentence })
      assert.equal(server.pid, undefined)
      other.close()
      await once(other, 'close')
    }
    await server.start()
    assert.equal(await tryLogin(server.readerUrl ?? ''), 'netflow_reader')
  })
})
