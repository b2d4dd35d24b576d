/** The page in a browser: its values are those of the database, and can be taken elsewhere. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { formatCounter, formatShare } from '../../../../../console/web/page/format.ts'
import { NO_BROWSER, readTable } from './browser-harness.ts'
import { pageUrl, usePage } from './page-harness.ts'

describe('the page in a browser', { skip: NO_BROWSER }, () => {
  const given = usePage()
  let page: Page

  before(async () => {
    page = await given.browser.open(pageUrl(given), {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
  })

  const copy = async (button: string) => {
    await page.locator(button).click()
    await page.locator('#copied', { hasText: 'copied' }).waitFor()
    return String(await page.evaluate('navigator.clipboard.readText()'))
  }

  it('lists the greatest sources as SQL adds them up', async () => {
    const expected = await given.web.pipeline.ask(`
      select host(src_addr) as address, sum(bytes * coalesce(sampling_rate, 1))::text as bytes,
        sum(packets * coalesce(sampling_rate, 1))::text as packets, count(*)::text as flows,
        (sum(bytes * coalesce(sampling_rate, 1)) /
          sum(sum(bytes * coalesce(sampling_rate, 1))) over ())::float8 as share
      from flows group by 1 order by sum(bytes * coalesce(sampling_rate, 1)) desc limit 5`)
    const shown = (await readTable(page, '#top-body')).slice(0, 5)
    assert.deepEqual(
      shown.map(([address, bytes, share, , packets]) => [address, bytes, share, packets]),
      expected.map((row) => [
        row['address'],
        formatCounter(String(row['bytes']), 'bytes'),
        formatShare(Number(row['share'])),
        formatCounter(String(row['packets']), 'packets'),
      ]),
    )
  })

  it('has a legend with the totals of all protocols', async () => {
    const expected = await given.web.pipeline.ask(`
      select upper(protocol_name(protocol)) as name,
        sum(bytes * coalesce(sampling_rate, 1))::text as bytes
      from flows group by 1 order by sum(bytes * coalesce(sampling_rate, 1)) desc`)
    const shown = await readTable(page, '#legend')
    assert.deepEqual(
      shown.map((cells) => [cells[0]?.toUpperCase(), cells.at(-1)]),
      expected.map((row) => [row['name'], formatCounter(String(row['bytes']), 'bytes')]),
    )
  })

  it('lists the newest flows, as many as it says', async () => {
    const [newest] = await given.web.pipeline.ask(
      `select to_char(max(received_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as at from flows`,
    )
    const shown = await readTable(page, '#list-body')
    assert.equal(shown.length, 50)
    assert.equal(shown[0]?.[0], newest?.['at'])
  })

  it('says how much was lost, for the range and bin by bin', async () => {
    const [ledger] = await given.web.pipeline.ask(
      `select sum(lost)::int as lost from sequence_gaps`,
    )
    const strip = page.locator('#strip')
    const sum = String(await strip.getAttribute('aria-valuetext'))
    assert.match(
      sum,
      new RegExp(`^Coverage: 9\\d\\.\\d\\d % received, ${ledger?.['lost']} flows lost`),
    )
    await strip.focus()
    await strip.press('Enter')
    const bin = String(await strip.getAttribute('aria-valuetext'))
    assert.match(bin, /^2026-11-28 12:11:\d\d: .* lost/)
    assert.equal(await page.locator('#strip-text').innerText(), bin)
  })

  it('saves its numbers as files of CSV and JSON', async () => {
    const save = async (format: string) => {
      const download = page.waitForEvent('download')
      await page.locator('#top-tools a', { hasText: format }).click()
      const own = await download
      return { name: own.suggestedFilename(), text: await readFile(await own.path(), 'utf8') }
    }
    const csv = await save('CSV')
    assert.equal(csv.name, 'netflow-top.csv')
    const json = await save('JSON')
    assert.equal(json.name, 'netflow-top.json')
    const { rows } = JSON.parse(json.text)
    assert.equal(csv.text.split('\r\n')[1]?.split(',')[0], rows[0].key)
    assert.equal((await readTable(page, '#top-body'))[0]?.[0], rows[0].key)
  })

  it('copies SQL that returns what it shows', async () => {
    const sql = await copy('#top-tools button:text("SQL")')
    const rows = await given.web.pipeline.ask(sql)
    const shown = await readTable(page, '#top-body')
    assert.deepEqual(
      rows.slice(0, 5).map((row) => [row['key'], formatCounter(String(row['bytes']), 'bytes')]),
      shown.slice(0, 5).map(([key, bytes]) => [key, bytes]),
    )
  })

  it('copies a command that prints what it shows', async () => {
    const { stdout, code } = await given.web.terminal.run(
      await copy('#top-tools button:text("command")'),
    )
    assert.equal(code, 0)
    for (const [key = ''] of (await readTable(page, '#top-body')).slice(0, 5)) {
      assert.ok(stdout.includes(key), `${key} is missing in\n${stdout}`)
    }
  })
})
