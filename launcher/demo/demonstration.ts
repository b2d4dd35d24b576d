/**
 * The demonstration: sends invented NetFlow to the running collector, then asks the database what
 * arrived, and shows the answers.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { SettingsError } from '../../shared/settings.ts'
import { drawBar, formatCount } from '../../shared/text-table.ts'
import {
  countStored,
  type DemoRun,
  findTopTalkers,
  listDisabledExporters,
  listGaps,
  type Stored,
  sumByExporter,
  sumByProtocol,
} from './queries.ts'
import { createPaint, showExporters, showGaps, showShares } from './report.ts'
import { Demo, type DemoProgress } from './run.ts'
import { NoCollectorError } from './sender.ts'
import { findPage, findTarget, NoDatabaseError, openDatabase } from './target.ts'

const STORE_DEADLINE_MS = 15_000
const PROGRESS_WIDTH = 30

const isTerminal = process.stdout.isTTY === true
const paint = createPaint(isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb')

/**
 * Sends for `sendMs` milliseconds, and shows the result.
 *
 * @returns the exit code: 0 when everything arrived, 2 for bad settings, 1 for any other failure
 */
export async function demonstrate(environment: NodeJS.ProcessEnv, sendMs: number): Promise<number> {
  try {
    return await runDemo(environment, sendMs)
  } catch (error) {
    if (error instanceof NoCollectorError || error instanceof NoDatabaseError) {
      console.error(`${paint.bad(error.message)}\nStart everything with: npm start`)
      return 1
    }
    if (error instanceof SettingsError) {
      console.error(error.message)
      return 2
    }
    throw error
  }
}

async function runDemo(environment: NodeJS.ProcessEnv, sendMs: number): Promise<number> {
  const target = await findTarget(environment)
  const client = await openDatabase(target)
  const { host, port } = target
  const demo = new Demo({ host, port, durationMs: sendMs, onProgress: showProgress }, Date.now())
  try {
    await demo.start()
    introduce(demo, `${host}:${port} for ${sendMs / 1000} seconds`)
    const sent = await demo.send().finally(endProgress)
    const stored = await waitUntilStored(client, demo.run, sent)
    await showReport(client, demo.run)
    const isComplete = await conclude({ client, run: demo.run, sent, stored })
    console.log(paint.faint(`\nAsk your own questions: ${target.psqlCommand}`))
    const page = await findPage(environment)
    if (page) console.log(paint.faint(`Look at the traffic: ${page}`))
    return isComplete ? 0 : 1
  } finally {
    await demo.stop()
    await client.end()
  }
}

function introduce({ sourceAddresses }: Demo, target: string): void {
  console.log(`Three exporters send NetFlow v5 and v9 to ${target}.`)
  if (sourceAddresses.length === 1) {
    console.log(
      `They share the address ${sourceAddresses[0]} and differ by engine or source id: this ` +
        'system has no other loopback addresses (127.0.0.2, 127.0.0.3).',
    )
  }
}

function showProgress({ share, flows, datagrams }: Readonly<DemoProgress>): void {
  const sent = `${formatCount(flows)} flows in ${formatCount(datagrams)} datagrams`
  if (isTerminal) {
    const bar = drawBar(share, PROGRESS_WIDTH).padEnd(PROGRESS_WIDTH, '·')
    process.stdout.write(`\r${paint.bar(bar)} ${sent}`)
  } else if (Number.isInteger(Math.round(share * 500) / 100)) {
    console.log(`${Math.round(share * 100)} %: ${sent}`)
  }
}

function endProgress(): void {
  if (isTerminal) process.stdout.write('\n')
}

/** Waits until the database has every flow that was sent, at most until the deadline. */
async function waitUntilStored(
  client: pg.Client,
  run: DemoRun,
  sent: Readonly<DemoProgress>,
): Promise<Stored> {
  const deadline = performance.now() + STORE_DEADLINE_MS
  for (;;) {
    const stored = await countStored(client, run)
    const isThere = stored.flows >= sent.flows && stored.gaps > 0
    if (isThere || performance.now() > deadline) return stored
    await sleep(200)
  }
}

async function showReport(client: pg.Client, run: DemoRun): Promise<void> {
  const protocols = await sumByProtocol(client, run)
  const totalBytes = protocols.reduce((sum, { bytes }) => sum + bytes, 0)
  const talkers = await findTopTalkers(client, run)
  const sections = [
    showShares('Top talkers', 'source', { shares: talkers, totalBytes, paint }),
    showShares('Traffic per protocol', 'protocol', { shares: protocols, totalBytes, paint }),
    showExporters(await sumByExporter(client, run), paint),
    showGaps(await listGaps(client, run), paint),
  ]
  for (const section of sections) console.log(`\n${section}`)
}

interface DemoResult {
  readonly client: pg.Client
  readonly run: DemoRun
  readonly sent: Readonly<DemoProgress>
  readonly stored: Stored
}

/** Prints whether everything arrived, or where to look. @returns whether everything arrived */
async function conclude({ client, run, sent, stored }: DemoResult): Promise<boolean> {
  const gaps = await listGaps(client, run)
  const lost = gaps.reduce((sum, gap) => sum + gap.lost, 0)
  const isGapRight = gaps.length === 1 && lost === sent.lostFlows
  const counts = `sent ${sent.flows} flows, stored ${stored.flows}`
  const gap = `deliberate gap of ${sent.lostFlows}`
  if (stored.flows === sent.flows && isGapRight) {
    console.log(`\n${paint.good(`${counts}, ${gap} declared`)}`)
    return true
  }
  const declared = isGapRight ? 'declared' : `but ${gaps.length} gaps of ${lost} in all declared`
  console.log(`\n${paint.bad(`${counts}, ${gap} ${declared}`)}`)
  const disabled = await listDisabledExporters(client)
  if (disabled.length > 0) {
    console.log(`Flows of disabled exporters are not stored: ${disabled.join(', ')}.`)
  }
  console.log('Look at the messages of npm start, and at the tables exporters and sequence_gaps.')
  return false
}
