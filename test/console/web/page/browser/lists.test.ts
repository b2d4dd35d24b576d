/** The lists of the page in a browser: exporters, losses, conversations and translations. */

import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { encodeDatagramLine } from '../../../../helpers/datagram-line.ts'
import { hex32, hex64, set, template, v9MessageOf } from '../../../../helpers/netflow-bytes.ts'
import { until } from '../../../../helpers/until.ts'
import { NOW_MS } from '../../web-harness.ts'
import { NO_BROWSER, readTable, waitForQuery } from './browser-harness.ts'
import { pageUrl, usePage } from './page-harness.ts'

const PUBLIC = '203.0.113.9'
const INSIDE = '100.64.0.1'
const OPENED_MS = NOW_MS - 600_000

/** Returns the events of a translation of 100.64.0.1:1111 to 203.0.113.9:20000 for half a minute. */
function translations(): Buffer {
  const fields = [4, 8, 7, 225, 227, 230, 323]
  const lengths = [1, 4, 2, 4, 2, 1, 8]
  const record = (event: string, ms: number) =>
    ['06', hex32(0x64400001), '0457', hex32(0xcb007109), '4e20', event, hex64(ms)] as const
  return v9MessageOf(
    { sequence: 1, sourceId: 9 },
    set(
      0,
      template(
        256,
        fields.map((id, index) => [id, lengths[index] ?? 0]),
      ),
    ),
    set(256, ...record('04', OPENED_MS), ...record('05', OPENED_MS + 30_000)),
  )
}

describe('the lists of the page in a browser', { skip: NO_BROWSER }, () => {
  const given = usePage(async ({ pipeline }) => {
    await pipeline.startWriter()
    const line = encodeDatagramLine(translations(), OPENED_MS + 31_000, '192.0.2.9', 2055)
    appendFileSync(pipeline.pipePath, line)
    await pipeline.expectNumber('select count(*) from nat_events', 2)
  })
  let page: Page

  beforeEach(async () => {
    page = await given.browser.open(pageUrl(given))
  })

  afterEach(() => given.browser.close(page))

  /** Shows a list by its tab. */
  async function showList(name: string, list: string): Promise<string[][]> {
    await page.getByRole('tab', { name }).click()
    await waitForQuery(page, { list })
    return readTable(page, '#list-body')
  }

  it('has a page of its own for an exporter, with all that the database knows of it', async () => {
    await page.locator('#exporters-body button', { hasText: '192.0.2.2' }).click()
    await waitForQuery(page, { exporter: '192.0.2.2' })
    const part = (title: string) => `#exporter .part:has(h3:text-is("${title}"))`
    await page.locator(part('Templates')).waitFor()
    const templates = await given.web.pipeline.ask(
      `select template_id::text as id from templates where exporter = '192.0.2.2' order by template_id`,
    )
    const shown = await readTable(page, part('Templates'))
    assert.ok(templates.length > 0)
    assert.deepEqual(shown.map(([id]) => id).sort(), templates.map((row) => row['id']).sort())
    const [stream] = await readTable(page, part('Streams'))
    assert.equal(stream?.[0], 'v9')
    const [sampler] = await readTable(page, part('Samplers'))
    assert.ok(sampler?.includes('1 in 100'), String(sampler))
    await page.keyboard.press('Escape')
    await waitForQuery(page, { exporter: null })
    assert.equal(await page.locator('#overview').isVisible(), true)
  })

  it('leads from an exporter to its traffic, and back', async () => {
    await page.goto(pageUrl(given, '&exporter=192.0.2.1'))
    await page.getByRole('button', { name: 'traffic of this exporter' }).click()
    await waitForQuery(page, { filter: 'exporter 192.0.2.1', exporter: null })
    await page.goBack()
    await waitForQuery(page, { filter: null, exporter: '192.0.2.1' })
    assert.equal(await page.locator('#exporter h2').isVisible(), true)
  })

  it('lists losses by cause as the ledger has them', async () => {
    const shown = await showList('Loss ledger', 'loss')
    const expected = await given.web.pipeline.ask(`
      select host(exporter) as exporter, sum(lost)::text as lost from sequence_gaps group by 1`)
    const lost = shown.find((cells) => cells.includes('network') && cells[0] === '192.0.2.1')
    assert.ok(lost?.includes(String(expected[0]?.['lost'])), JSON.stringify(shown))
  })

  it('pairs the directions of conversations', async () => {
    const shown = await showList('Conversations', 'conversations')
    const [row] = await given.web.pipeline.ask(
      `select count(*)::int as conversations from conversations_between($1, $2)`,
      ['2026-11-28T12:00:00Z', '2026-11-28T13:00:00Z'],
    )
    assert.equal(shown.length, Math.min(50, Number(row?.['conversations'])))
    await page.locator('#list-body button').first().click()
    await until('the filter has the client', () => /filter=host\+/.test(page.url()))
  })

  it('finds who was behind a public address and port, and nobody a minute later', async () => {
    await page.getByRole('tab', { name: 'CGNAT' }).click()
    const form = page.locator('form.look-up')
    const lookUp = async (at: number) => {
      await form.getByLabel('Public address').fill(PUBLIC)
      await form.getByLabel('port').fill('20000')
      await form.getByLabel('at (UTC)').fill(new Date(at).toISOString().slice(0, 19))
      await form.getByRole('button').click()
    }
    await lookUp(OPENED_MS + 10_000)
    await page.locator('#list-body td', { hasText: `${INSIDE}:1111` }).waitFor()
    const [mapping] = await readTable(page, '#list-body')
    assert.equal(mapping?.[0], `${INSIDE}:1111`)
    assert.match(String(mapping?.[1]), /tcp/i)
    await lookUp(OPENED_MS + 60_000)
    await page.locator('#list-body', { hasText: `Nobody was behind ${PUBLIC}` }).waitFor()
    await page.goBack()
    await page.locator('#list-body td', { hasText: `${INSIDE}:1111` }).waitFor()
  })

  it('moves through the tabs by the arrow keys', async () => {
    await page.getByRole('tab', { name: 'Newest flows' }).focus()
    await page.keyboard.press('ArrowRight')
    await waitForQuery(page, { list: 'conversations' })
    const tab = page.getByRole('tab', { name: 'Conversations' })
    assert.equal(await tab.getAttribute('aria-selected'), 'true')
    await page.keyboard.press('ArrowLeft')
    await waitForQuery(page, { list: null })
  })
})
