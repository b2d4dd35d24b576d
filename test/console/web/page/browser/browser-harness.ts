/** Chromium for the tests of the page. Each page must stay without faults. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { SharedThing } from '../../../../helpers/shared-thing.ts'
import { until } from '../../../../helpers/until.ts'

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))
/** Why tests in a browser are skipped; false: they run. */
export const NO_BROWSER = PROGRAM === undefined && 'Chromium is missing: apt-get install chromium'

/** Writes violations of the policy to the console, where they count as faults. */
const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) =>
  console.error('refused by the policy: ' + event.violatedDirective + ' ' + event.blockedURI))`
const NO_MOTION = { reducedMotion: 'reduce' } as const
const SIZE = { width: 1280, height: 900 } as const

const BROWSER = new SharedThing<Browser>({
  make: () => {
    const options = { executablePath: PROGRAM ?? assert.fail('no browser'), args: ['--no-sandbox'] }
    return chromium.launch(options)
  },
  remove: (browser) => browser.close(),
})

export class BrowserHarness {
  readonly #browser: Browser
  readonly #contexts: BrowserContext[] = []
  /** A page that is used again: starting another one takes longer than most tests. */
  #kept: Page | undefined
  #isKeptOpen = false
  readonly #faults: string[] = []
  /** Messages that a test provokes. */
  readonly #expected: RegExp[] = []

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  static async start(): Promise<BrowserHarness> {
    return new BrowserHarness(await BROWSER.join())
  }

  /** Allows console messages that Chromium writes about replies that a test provokes. */
  expect(message: RegExp): void {
    this.#expected.push(message)
  }

  /** Opens the page in a window of its own, and waits for its first answers. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.visit(url, options)
    await settle(page)
    return page
  }

  /** Opens any document of the server in a window of its own; `close` it. */
  async visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.#findPage(options)
    await page.goto(url)
    return page
  }

  /** Ends the use of a page. The page keeps nothing of its own beyond its URL. */
  async close(page: Page): Promise<void> {
    if (page === this.#kept) this.#isKeptOpen = false
    else await page.context().close()
  }

  async #findPage(options: BrowserContextOptions): Promise<Page> {
    const { viewport = SIZE, colorScheme = 'light', ...others } = options
    if (this.#isKeptOpen || Object.keys(others).length > 0) return this.#createPage(options)
    const page = this.#kept ?? (await this.#createPage({}))
    this.#kept = page
    this.#isKeptOpen = true
    if (viewport) await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme, ...NO_MOTION })
    return page
  }

  async #createPage(options: BrowserContextOptions): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: SIZE, ...NO_MOTION, ...options })
    this.#contexts.push(context)
    await context.addInitScript(REPORT_VIOLATIONS)
    const page = await context.newPage()
    page.on('console', (message) => this.#report(`console: ${message.text()}`))
    page.on('pageerror', ({ message }) => this.#report(`error of the page: ${message}`))
    return page
  }

  /** Opens a document that is no file of the server. */
  async draw(html: string): Promise<Page> {
    const context = await this.#browser.newContext()
    this.#contexts.push(context)
    const page = await context.newPage()
    await page.setContent(html)
    return page
  }

  #report(fault: string): void {
    if (!this.#expected.some((own) => own.test(fault))) this.#faults.push(fault)
  }

  /** Closes all pages. @throws when one has written to the console or broken the policy */
  async stop(): Promise<void> {
    for (const context of this.#contexts) await context.close()
    BROWSER.leave()
    assert.deepEqual(this.#faults, [], 'the pages are not without faults')
  }
}

/** Waits until no part of the page waits for an answer, and the chart or a note is there. */
export async function settle(page: Page): Promise<void> {
  const shown = ['#chart .uplot', '#chart .note', '#exporter .head', '#exporter .note']
  await page
    .locator(shown.map((own) => `${own}:visible`).join())
    .first()
    .waitFor()
  await until('no part of the page is busy', async () => {
    return (await page.locator('[aria-busy]').count()) === 0
  })
}

/** Returns the texts of the cells of each row of a table. */
export async function readTable(page: Page, table: string): Promise<string[][]> {
  const rows = await page.locator(`${table} tbody tr`).all()
  return Promise.all(rows.map((row) => row.locator('td, th').allInnerTexts()))
}

/** Waits until the query of the URL has these parameters; null: it lacks the parameter. */
export async function waitForQuery(
  page: Page,
  wanted: Readonly<Record<string, string | null>>,
): Promise<URLSearchParams> {
  const found = () => new URL(page.url()).searchParams
  const isThere = () => Object.entries(wanted).every(([name, own]) => found().get(name) === own)
  await until(`the URL has ${JSON.stringify(wanted)}`, isThere).catch((error: Error) => {
    assert.fail(`${error.message}; it is ${page.url()}`)
  })
  await settle(page)
  return found()
}
