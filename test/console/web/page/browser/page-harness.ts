/** The beginning of tests of the page: a server over the demonstration's flows, and Chromium. */

import { after, before } from 'node:test'
import { HOUR, WebHarness } from '../../web-harness.ts'
import { BrowserHarness } from './browser-harness.ts'

export interface PageHarness {
  web: WebHarness
  browser: BrowserHarness
}

/**
 * Starts both before the tests of a suite, and stops them after it. Call it inside `describe`.
 *
 * @param prepare adds to the database before the browser starts
 */
export function usePage(prepare = async (_web: WebHarness): Promise<void> => {}): PageHarness {
  const given = {} as PageHarness
  before(async () => {
    given.web = await WebHarness.start()
    await prepare(given.web)
    given.browser = await BrowserHarness.start()
  })
  after(async () => {
    await given.browser?.stop()
    await given.web?.stop()
  })
  return given
}

/** Returns the URL of the page, with the range that holds all flows. */
export function pageUrl({ web }: PageHarness, search = ''): string {
  return `${web.server.origin}/?${HOUR}${search}`
}
