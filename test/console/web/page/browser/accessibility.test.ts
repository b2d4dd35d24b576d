/** The page for everybody: axe-core finds nothing serious, narrow screens and keyboards suffice. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { HOUR } from '../../web-harness.ts'
import { type BrowserHarness, NO_BROWSER, settle } from './browser-harness.ts'
import { pageUrl, usePage } from './page-harness.ts'

const VIEWS: Readonly<Record<string, string>> = {
  overview: `/?${HOUR}&previous=1`,
  'loss ledger': `/?${HOUR}&list=loss&by=all&top=pair`,
  'look-up': `/?${HOUR}&list=nat`,
  'bad filter': `/?${HOUR}`,
  'empty range': '/?since=2020-01-01T00:00:00Z&until=2020-01-01T01:00:00Z',
  exporter: `/?${HOUR}&exporter=192.0.2.2`,
  'list of the API': '/api',
}
const SERIOUS = ['serious', 'critical']
/** Runs all rules, and reports only violations. */
const AXE = `axe.run({ resultTypes: ['violations'] })`

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

describe('the page for everybody', { skip: NO_BROWSER }, () => {
  const given = usePage()
  let axe = ''

  before(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  })

  /** Opens a view, and waits until it is complete. */
  async function show(view: string, options: Parameters<BrowserHarness['open']>[1]): Promise<Page> {
    const page = await given.browser.visit(given.web.server.origin + (VIEWS[view] ?? ''), options)
    if (view === 'list of the API') return page
    await settle(page)
    if (view === 'exporter') await page.locator('#exporter h3').first().waitFor()
    if (view !== 'bad filter') return page
    await page.locator('#filter').fill('port 443 nad tcp')
    await page.locator('#filter').press('Enter')
    await page.locator('#filter-error pre').waitFor()
    await page.locator('#filter').fill('s')
    await page.locator('#completions [role=option]').first().waitFor()
    return page
  }

  for (const view of Object.keys(VIEWS)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`has no serious fault in the ${view}, ${colorScheme}`, async () => {
        const page = await show(view, { colorScheme })
        await page.evaluate(axe)
        const { violations } = (await page.evaluate(AXE)) as { violations: Finding[] }
        const serious = violations.filter(({ impact }) => SERIOUS.includes(impact))
        const texts = serious.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
        )
        assert.deepEqual(texts, [])
        await given.browser.close(page)
      })
    }

    it(`has nothing wider than 360 pixels in the ${view}`, async () => {
      const page = await show(view, { viewport: { width: 360, height: 740 } })
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      assert.ok(width <= 360, `${width} pixels: ${await page.evaluate(WIDEST)}`)
      await given.browser.close(page)
    })
  }

  it('reaches every control by the keyboard, in the order of the page, and shows where it is', async () => {
    const page = await given.browser.open(pageUrl(given))
    const reached: string[] = []
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab')
      const [id, outline] = String(await page.evaluate(FOCUSED)).split(' ')
      if (id) reached.push(id)
      assert.notEqual(outline, 'none', `the focus of ${id} is invisible`)
    }
    const order = [
      'preset',
      'earlier',
      'since',
      'until',
      'later',
      'filter',
      'by',
      'n',
      'scaled',
      'strip',
    ]
    assert.deepEqual(
      reached.filter((id) => order.includes(id)),
      order,
    )
    await given.browser.close(page)
  })
})

const FOCUSED = `(() => {
  const { id } = document.activeElement
  return id + ' ' + getComputedStyle(document.activeElement).outlineStyle
})()`
/** Names elements beyond the right edge that are not in a region that scrolls. */
const WIDEST = `[...document.querySelectorAll('body *')]
  .filter((own) => own.getBoundingClientRect().right > innerWidth && !own.closest('.scroll'))
  .map((own) => own.tagName + '#' + own.id + '.' + own.className)
  .slice(0, 5)
  .join(', ')`
