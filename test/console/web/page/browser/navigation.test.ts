/** Ways through the page: zoom, rows that narrow the filter, the legend, and the browser's history. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../../../../helpers/until.ts'
import { NO_BROWSER, readTable, settle, waitForQuery } from './browser-harness.ts'
import { pageUrl, usePage } from './page-harness.ts'

describe('the page in a browser', { skip: NO_BROWSER }, () => {
  const given = usePage()
  let page: Page

  beforeEach(async () => {
    page = await given.browser.open(pageUrl(given))
  })

  afterEach(() => given.browser.close(page))

  const facts = () => page.locator('#traffic-facts').innerText()

  /** Drags over the chart, from and to parts of its width. */
  async function drag(from: number, to: number): Promise<void> {
    const box = (await page.locator('#chart .u-over').boundingBox()) ?? assert.fail('no chart')
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + box.width * from, y)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * to, y, { steps: 5 })
    await page.mouse.up()
  }

  it('zooms by dragging: URL, bins and every list are of the shorter range', async () => {
    const before = await facts()
    await drag(0.1, 0.3)
    await until('the URL has the range', () => !page.url().includes('until=2026-11-28T13'))
    await settle(page)
    const query = new URL(page.url()).searchParams
    const [since, until_] = [query.get('since') ?? '', query.get('until') ?? '']
    assert.match(since, /^2026-11-28T12:0[56]:/)
    assert.match(until_, /^2026-11-28T12:1[89]:/)
    assert.notEqual(/bins of \S+/.exec(await facts())?.[0], /bins of \S+/.exec(before)?.[0])
    const [row] = await given.web.pipeline.ask(
      `select count(*)::int as flows from flows where received_at >= $1 and received_at < $2`,
      [since, until_],
    )
    const { json } = await given.web.get(`/api/top?by=all&${query}`)
    assert.equal(json.rows[0].flows, String(row?.['flows']))
    const [newest] = await readTable(page, '#list-body')
    assert.ok(`${newest?.[0]}` < until_.replace('T', ' '), `${newest?.[0]} is after ${until_}`)
  })

  it('goes back to the range before a zoom, and forward again', async () => {
    await drag(0.1, 0.3)
    await until('the URL has the range', () => !page.url().includes('until=2026-11-28T13'))
    const zoomed = page.url()
    await page.goBack()
    await waitForQuery(page, { until: '2026-11-28T13:00:00Z' })
    await until('the range is shown', async () => (await facts()).includes('12:00:00 – 13:00:00'))
    await page.goForward()
    await until('the zoom is back', () => page.url() === zoomed)
    await until('its range is shown', async () => !(await facts()).includes('12:00:00 – 13:00:00'))
  })

  it('doubles the range on Escape, and moves to the next ranges by Shift and arrows', async () => {
    await page.keyboard.press('Shift+ArrowLeft')
    await waitForQuery(page, { since: '2026-11-28T11:00:00Z', until: '2026-11-28T12:00:00Z' })
    await page.locator('#chart .note', { hasText: 'No flows' }).waitFor()
    await page.keyboard.press('Shift+ArrowRight')
    await waitForQuery(page, { since: '2026-11-28T12:00:00Z', until: '2026-11-28T13:00:00Z' })
    await page.keyboard.press('Escape')
    await waitForQuery(page, { since: '2026-11-28T11:30:00Z', until: '2026-11-28T13:30:00Z' })
  })

  it('narrows the filter by a row, then by another; the back button widens it', async () => {
    const [first] = await readTable(page, '#top-body')
    const source = first?.[0] ?? ''
    await page.locator('#top-body button').first().click()
    await waitForQuery(page, { filter: `src host ${source}` })
    assert.equal(await page.locator('#filter').inputValue(), `src host ${source}`)
    await until('only it is listed', async () => (await readTable(page, '#top-body')).length === 1)
    await page.locator('#top-by').selectOption('dst_port')
    await waitForQuery(page, { top: 'dst_port' })
    const port = await page.locator('#top-body button').first().innerText()
    await page.locator('#top-body button').first().click()
    const query = await waitForQuery(page, { filter: `src host ${source} and dst port ${port}` })
    const [row] = await given.web.pipeline.ask(
      'select count(*)::int as flows from flows where src_addr = $1 and dst_port = $2',
      [source, port],
    )
    const listed = async () => (await readTable(page, '#list-body')).length
    await until('its flows are listed', async () => (await listed()) === Number(row?.['flows']))
    assert.equal(query.get('top'), 'dst_port')
    await page.goBack()
    await waitForQuery(page, { filter: `src host ${source}` })
    assert.equal(await page.locator('#filter').inputValue(), `src host ${source}`)
  })

  it('shows only the area whose name is clicked, and all on a second click', async () => {
    const all = await facts()
    const button = page.locator('#legend button').nth(1)
    await button.click()
    const pressed = page.locator('#legend button[aria-pressed=true]')
    await pressed.waitFor()
    assert.notEqual(await facts(), all)
    const average = (await readTable(page, '#legend'))[1]?.[1] ?? ''
    assert.ok((await facts()).includes(average), `${await facts()} lacks ${average}`)
    assert.match(new URL(page.url()).search, /only=/)
    await pressed.click()
    await waitForQuery(page, { only: null })
    assert.equal(await facts(), all)
  })

  it('adds the period before as a line of its own', async () => {
    await page.locator('#preset').selectOption('15m')
    await waitForQuery(page, { since: '15m', until: null })
    const asked = page.waitForRequest(/\/api\/traffic\?.*by=all/)
    await page.locator('#previous').check()
    const { searchParams: parameters } = new URL((await asked).url())
    assert.equal(parameters.get('until'), '2026-11-28T12:15:00Z')
    assert.equal(parameters.get('since'), '2026-11-28T12:00:00Z')
    const tip = page.locator('.tip tr', { hasText: 'previous period' })
    await until('the values under the pointer have it', async () => {
      await page.locator('#chart .u-over').hover({ position: { x: 300, y: 100 } })
      await page.locator('#chart .u-over').hover({ position: { x: 310, y: 100 } })
      return (await tip.count()) === 1
    })
    assert.match(await tip.innerText(), /\d.*bit\/s/)
    await page.reload()
    await settle(page)
    assert.equal(await page.locator('#previous').isChecked(), true)
  })

  it('counts packets or flows, as sent or scaled, and keeps all of it in the URL', async () => {
    await page.locator('[name=unit][value=packets]').check({ force: true })
    await waitForQuery(page, { unit: 'packets' })
    await page.locator('#scaled').uncheck()
    await waitForQuery(page, { raw: '1' })
    await until('raw packets are shown', async () => /p\/s .* as sent/.test(await facts()))
    await page.locator('#by').selectOption('exporter')
    await waitForQuery(page, { by: 'exporter' })
    const expected = await given.web.pipeline.ask(`
      select host(exporter) as exporter from flows group by 1
      order by sum(bytes) desc`)
    const shown = (await readTable(page, '#legend')).map(([name]) => name)
    assert.deepEqual(
      shown,
      expected.map((row) => row['exporter']),
    )
    const again = await given.browser.open(page.url())
    assert.deepEqual(await readTable(again, '#legend'), await readTable(page, '#legend'))
    await given.browser.close(again)
  })
})
