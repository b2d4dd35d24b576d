/**
 * Makes the pictures of the documents from the demonstration's traffic of the last hour: the page,
 * light and dark, and the terminal. Chromium must be installed.
 *
 *     npm run pictures [folder]     default: the places where the documents show them
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrowserHarness } from '../console/web/page/browser/browser-harness.ts'
import { startServer } from '../console/web/web-harness.ts'
import { REPOSITORY } from '../helpers/markdown.ts'
import { storeHour } from './demo-hour.ts'
import { drawTerminal, runInTerminal } from './terminal-picture.ts'

const [folder = join(REPOSITORY, 'console')] = process.argv.slice(2)
/** Larger ones make the README slow. */
const MOST_BYTES = 150_000
const PAGE = { width: 1100, height: 820 }
const COMMANDS = [
  'netflow top --by src -n 8 dst port 443',
  'netflow traffic --step 10m',
  'netflow health',
]

function save(name: string, picture: Buffer): void {
  if (picture.length > MOST_BYTES) throw new Error(`${name} has ${picture.length} bytes`)
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, picture)
  console.log(`${path}: ${picture.length} bytes`)
}

async function drawPage(browser: BrowserHarness, origin: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.open(`${origin}/?by=src&n=6&top=service`, {
      colorScheme,
      viewport: PAGE,
    })
    save(`web/page-${colorScheme}.png`, await page.screenshot())
  }
}

async function drawCommands(browser: BrowserHarness, databaseUrl: string): Promise<void> {
  const screens: string[] = []
  for (const command of COMMANDS) screens.push(await runInTerminal(command, databaseUrl))
  const page = await browser.draw(drawTerminal(screens))
  save('terminal.png', await page.locator('main').screenshot())
}

const pipeline = await storeHour(Date.now())
const server = await startServer({ DATABASE_URL: pipeline.databaseUrl }, Date.now)
const browser = await BrowserHarness.start()
try {
  await drawPage(browser, server.origin)
  await drawCommands(browser, pipeline.databaseUrl)
} finally {
  await browser.stop()
  await server.stop()
  await pipeline.stop()
}
