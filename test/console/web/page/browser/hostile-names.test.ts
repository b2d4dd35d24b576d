/** Whatever names exporters send through the pipeline, the page shows them as text. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  hex32,
  optionsTemplate,
  set,
  template,
  v9MessageOf,
  wire,
} from '../../../../helpers/netflow-bytes.ts'
import { NO_BROWSER, readTable, waitForQuery } from './browser-harness.ts'
import { pageUrl, usePage } from './page-harness.ts'

const EXPORTER = '192.0.2.66'
const NAME_BYTES = 48
/** Names of interfaces by number: as sent, and as shown. */
const NAMES: Readonly<Record<number, readonly [sent: string, shown: string]>> = {
  1: ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  2: ['</td><script>alert(2)</script>', '</td><script>alert(2)</script>'],
  3: ['core\u202Egnp.exe', 'core\uFFFDgnp.exe'],
  4: ['\u001B[31mred\u0007\u200Bbell', '\uFFFD[31mred\uFFFD\uFFFDbell'],
  5: ['"\'` {alert(5)} &lt;', '"\'` {alert(5)} &lt;'],
  6: ['javascript:alert(6)', 'javascript:alert(6)'],
}

/** Returns a datagram with options data that name interfaces, and a flow into each of them. */
function datagram(): Buffer {
  const names = Object.entries(NAMES).map(([number, [sent]]) => {
    const bytes = Buffer.alloc(NAME_BYTES)
    bytes.write(sent)
    return wire(hex32(Number(number)), bytes)
  })
  const flows = Object.keys(NAMES).map((number) =>
    wire(hex32(0x0a000001), hex32(0xc0000201), hex32(Number(number)), hex32(1000 * Number(number))),
  )
  return v9MessageOf(
    { sequence: 1, sourceId: 6 },
    set(1, optionsTemplate(512, [[2, 4]], [[82, NAME_BYTES]])),
    set(512, ...names),
    set(
      0,
      template(256, [
        [8, 4],
        [12, 4],
        [10, 4],
        [1, 4],
      ]),
    ),
    set(256, ...flows),
  )
}

describe('names from the network, in a browser', { skip: NO_BROWSER }, () => {
  const given = usePage(async ({ pipeline }) => {
    await pipeline.startWriter()
    pipeline.feed(EXPORTER, datagram())
    await pipeline.expectNumber(
      `select count(*) from flows where exporter = '${EXPORTER}'`,
      Object.keys(NAMES).length,
    )
    await pipeline.ask(`update flows set received_at = '2026-11-28T12:20:00Z'
      where exporter = '${EXPORTER}'`)
    await pipeline.ask(`update exporters set name = $$<b onclick=alert(9)>edge$$
      where address = '${EXPORTER}'`)
  })
  let page: Page

  const url = (search: string) => pageUrl(given, `&${search}`)

  /** Asserts that no part of a name became an element, or an attribute that runs. */
  async function expectNothingRan(): Promise<void> {
    assert.equal(await page.locator('img, b, td script, [onclick], [onerror]').count(), 0)
  }

  it('are shown in the top list as they are, without what is invisible', async () => {
    page = await given.browser.open(
      url(`top=input_if&by=input_if&n=20&filter=exporter+${EXPORTER}`),
    )
    const shown = (await readTable(page, '#top-body')).map(([name]) => name ?? '')
    for (const [number, [, name]] of Object.entries(NAMES)) {
      assert.ok(shown.includes(`${name} ${number}`), `${name} is not in ${JSON.stringify(shown)}`)
    }
    await expectNothingRan()
  })

  it('are shown in legend, flows, tips and completions as they are', async () => {
    const legend = (await readTable(page, '#legend')).map(([name]) => name ?? '')
    assert.ok(legend.includes(NAMES[1]?.[1] ?? ''), JSON.stringify(legend))
    const flows = (await readTable(page, '#list-body')).flat().join('\n')
    assert.ok(flows.includes('</td><script>alert(2)</script>'), flows)
    assert.ok(flows.includes('<b onclick=alert(9)>edge'), flows)
    await page.locator('#chart .u-over').hover()
    await page.locator('#filter').fill('')
    await page.locator('#filter').pressSequentially('in if ')
    const option = page.locator('#completions [role=option]', { hasText: '<img src=x' })
    await option.waitFor()
    await expectNothingRan()
  })

  it('narrow the filter where they are clicked', async () => {
    await page.goto(url(`top=input_if&filter=exporter+${EXPORTER}`))
    await page.locator('#top-body button', { hasText: '<img' }).click()
    await waitForQuery(page, { filter: `exporter ${EXPORTER} and in if 1` })
    assert.equal((await readTable(page, '#top-body')).length, 1)
  })

  it('are shown on the page of their exporter as they are', async () => {
    await page.goto(url(`exporter=${EXPORTER}`))
    const part = '#exporter .part:has(h3:text-is("Names"))'
    await page.locator(`${part} tbody tr`).first().waitFor()
    const shown = (await readTable(page, part)).map((cells) => cells.at(-1))
    assert.deepEqual(
      shown.sort(),
      Object.values(NAMES)
        .map(([, name]) => name)
        .sort(),
    )
    assert.match(await page.locator('#exporter h2').innerText(), /<b onclick=alert\(9\)>edge/)
    await expectNothingRan()
  })

  it('in the URL are text, too', async () => {
    given.browser.expect(/Failed to load resource: .* 40[04] /)
    const search = new URLSearchParams({
      filter: '<img src=x onerror=alert(1)>',
      by: '<b>',
      only: '<i>',
      exporter: '',
    })
    await page.goto(url(String(search)))
    await page.locator('#filter-error pre, #chart .note, #banner:visible').first().waitFor()
    await expectNothingRan()
  })
})
