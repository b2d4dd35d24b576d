/** The filter box in a browser: faults in their place, and completion by the keyboard. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../../../../helpers/until.ts'
import { NO_BROWSER, readTable, waitForQuery } from './browser-harness.ts'
import { pageUrl, usePage } from './page-harness.ts'

describe('the filter box in a browser', { skip: NO_BROWSER }, () => {
  const given = usePage()
  let page: Page

  beforeEach(async () => {
    page = await given.browser.open(pageUrl(given))
  })

  afterEach(() => given.browser.close(page))

  const box = () => page.locator('#filter')
  const completions = () => page.locator('#completions')

  it('narrows everything that is shown', async () => {
    await page.keyboard.press('/')
    await box().fill('proto udp and dst port 53')
    await box().press('Enter')
    await waitForQuery(page, { filter: 'proto udp and dst port 53' })
    const [row] = await given.web.pipeline.ask(
      'select count(*)::int as flows, count(distinct src_addr)::int as sources from flows where protocol = 17 and dst_port = 53',
    )
    const names = () => readTable(page, '#legend').then((rows) => rows.map(([name]) => name))
    await until('only UDP is drawn', async () => /^udp$/i.test((await names()).join()))
    const listed = Math.min(50, Number(row?.['flows']))
    assert.equal((await readTable(page, '#list-body')).length, listed)
    await page.locator('#clear-filter').click()
    await waitForQuery(page, { filter: null })
    assert.equal(await box().inputValue(), '')
  })

  it('points at the character that is wrong, and keeps what is shown', async () => {
    const before = await readTable(page, '#top-body')
    await box().fill('port 443 nad proto tcp')
    await box().press('Enter')
    const error = page.locator('#filter-error')
    await error.locator('pre').waitFor()
    const mark = String(await error.locator('pre').textContent())
    assert.equal(mark.indexOf('^'), 'port 443 '.length)
    assert.match(await error.innerText(), /expected/)
    assert.equal(await box().getAttribute('aria-invalid'), 'true')
    assert.equal(new URL(page.url()).searchParams.get('filter'), null)
    assert.deepEqual(await readTable(page, '#top-body'), before)
    await box().fill('port 443 and proto tcp')
    await box().press('Enter')
    await waitForQuery(page, { filter: 'port 443 and proto tcp' })
    assert.equal(await error.innerText(), '')
    assert.equal(await box().getAttribute('aria-invalid'), 'false')
  })

  it('points at the character that is wrong in a link, too', async () => {
    given.browser.expect(/Failed to load resource: .* 400 \(Bad Request\)/)
    const linked = await given.browser.visit(pageUrl(given, '&filter=port+99999'))
    const error = linked.locator('#filter-error')
    await error.locator('pre').waitFor()
    assert.equal(String(await error.locator('pre').textContent()).indexOf('^'), 'port '.length)
    assert.match(await error.innerText(), /65535/)
    for (const list of ['#top-body', '#list-body']) {
      await linked.locator(list).getByText('No answer yet.').waitFor()
    }
    await given.browser.close(linked)
  })

  it('can be written with the keyboard alone, by its completions', async () => {
    await page.keyboard.press('/')
    await page.keyboard.type('pro')
    await completions().locator('[role=option]', { hasText: 'proto' }).waitFor()
    assert.equal(await box().getAttribute('aria-expanded'), 'true')
    await page.keyboard.press('ArrowDown')
    const chosen = completions().locator('[aria-selected=true]')
    assert.match(await chosen.innerText(), /^proto\b/)
    assert.equal(await box().getAttribute('aria-activedescendant'), await chosen.getAttribute('id'))
    await page.keyboard.press('Enter')
    assert.equal(await box().inputValue(), 'proto ')
    await page.keyboard.type('ud')
    await completions().locator('[role=option]', { hasText: 'protocol 17' }).waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await box().inputValue(), 'proto udp ')
    await page.keyboard.press('Escape')
    await completions().waitFor({ state: 'hidden' })
    await page.keyboard.press('Enter')
    await waitForQuery(page, { filter: 'proto udp' })
  })

  it('closes its completions on Escape, and keeps the range', async () => {
    const before = page.url()
    await box().pressSequentially('sr')
    await completions().locator('[role=option]').first().waitFor()
    await page.keyboard.press('Escape')
    await completions().waitFor({ state: 'hidden' })
    assert.equal(await box().inputValue(), 'sr')
    assert.equal(page.url(), before)
  })

  it('inserts a completion by the mouse', async () => {
    await box().pressSequentially('exporter 192.0.2')
    await completions().locator('[role=option]', { hasText: '192.0.2.2' }).click()
    assert.equal(await box().inputValue(), 'exporter 192.0.2.2 ')
    await page.locator('#filter-form [type=submit]').click()
    await waitForQuery(page, { filter: 'exporter 192.0.2.2' })
  })
})
