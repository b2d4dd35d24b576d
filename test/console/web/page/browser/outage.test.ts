/** The page while the database, or the server, is away: it says so, and recovers by itself. */

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import type { WebServer } from '../../../../../console/web/web-server.ts'
import { startTestServer, type TestServer } from '../../../../helpers/database.ts'
import { until } from '../../../../helpers/until.ts'
import { storeDemo } from '../../../terminal/terminal-harness.ts'
import { HOUR, startServer } from '../../web-harness.ts'
import { BrowserHarness, NO_BROWSER, readTable, settle, waitForQuery } from './browser-harness.ts'

describe('the page in a browser', { skip: NO_BROWSER }, () => {
  let database: TestServer
  let server: WebServer & { readonly origin: string }
  let browser: BrowserHarness
  let page: Page

  before(async () => {
    database = await startTestServer()
    await storeDemo(database.url)
    // Each question reaches the database.
    server = await startServer({ DATABASE_URL: database.url, WEB_CACHE_BYTES: '0' })
    browser = await BrowserHarness.start()
    browser.expect(/Failed to load resource: .* 503 \(Service Unavailable\)/)
    browser.expect(/Failed to load resource: net::ERR_INTERNET_DISCONNECTED/)
  })

  beforeEach(async () => {
    page = await browser.open(`${server.origin}/?${HOUR}`)
  })

  afterEach(() => browser.close(page))

  after(async () => {
    await browser?.stop()
    await server?.stop()
    await database?.stop('immediate')
  })

  const banner = () => page.locator('#banner')

  it('says that the database is away, keeps what it shows, and goes on when it is back', async () => {
    const before = await readTable(page, '#top-body')
    await database.stop('immediate')
    await page.locator('#top-by').selectOption('dst')
    await banner().waitFor()
    assert.match(
      await banner().innerText(),
      /no answer from the database.*\. The page tries again\.$/,
    )
    assert.deepEqual(await readTable(page, '#top-body'), before)
    await database.restart()
    await banner().waitFor({ state: 'hidden' })
    await waitForQuery(page, { top: 'dst' })
    const heads = page.locator('#top-body th')
    await until('the new list is shown', async () => (await heads.first().innerText()) === 'dst')
  })

  it('that is opened while the database is away, shows everything when it is back', async () => {
    const before = await readTable(page, '#legend')
    await database.stop('immediate')
    await page.reload()
    await banner().waitFor()
    assert.equal(await page.locator('#legend tr').count(), 0)
    await database.restart()
    await banner().waitFor({ state: 'hidden' })
    await settle(page)
    await page.locator('#top-body tr').first().waitFor()
    await page.locator('#list-body tr').first().waitFor()
    await page.locator('#exporters-body .exporter').first().waitFor()
    await until(
      'the keys can be chosen',
      async () => (await page.locator('#by option').count()) > 10,
    )
    assert.deepEqual(await readTable(page, '#legend'), before)
  })

  it('says that the server does not answer, and goes on when it does', async () => {
    await page.context().setOffline(true)
    await page.locator('#top-by').selectOption('pair')
    await banner().waitFor()
    assert.match(await banner().innerText(), /the server does not answer; the page tries again/)
    await page.context().setOffline(false)
    await banner().waitFor({ state: 'hidden' })
    const heads = page.locator('#top-body th')
    await until('the new list is shown', async () => (await heads.first().innerText()) === 'pair')
  })

  it('recovers on the page of an exporter, too', async () => {
    await database.stop('immediate')
    await page.locator('#exporters-body button').first().click()
    await banner().waitFor()
    await database.restart()
    await banner().waitFor({ state: 'hidden' })
    await page.locator('#exporter h3', { hasText: 'Streams' }).waitFor()
  })
})
