/** Attacks on a running writer: what they cost it in memory, and its victim in time. */

import { setTimeout as sleep } from 'node:timers/promises'
import { readMemory } from '../bench/measure/process-usage.ts'
import { PipeEnd } from '../helpers/pipe-end.ts'
import { type Pipeline, startWriterAlone } from '../helpers/pipeline.ts'
import {
  attackLine,
  type CostlyAttack,
  splitStreams,
  VICTIM_FLOWS,
  Victim,
} from './attack-traffic.ts'

const STORED = `select stored::int from balance where exporter = '192.0.2.1'`
const VICTIM_TOTALS = `
  select stored::int, lost_flows::int as lost, difference::int
  from balance where exporter = '192.0.2.1'`

/** The victim's row of the balance, and the memory of the writer. */
interface VictimReport {
  readonly sent: number
  readonly stored: number
  readonly lost: number
  readonly difference: number
  readonly peakMib: number
}

function peakMibOf({ writer }: Pipeline): number {
  return Math.round((readMemory(writer.pid ?? 0)?.peakRssBytes ?? Number.NaN) / 2 ** 20)
}

async function report(pipeline: Pipeline, victim: Victim): Promise<VictimReport> {
  await pipeline.expectNumber(STORED, victim.sent, 300_000)
  await pipeline.end('writer')
  const [totals] = await pipeline.ask(VICTIM_TOTALS)
  return { sent: victim.sent, peakMib: 0, ...(totals as Omit<VictimReport, 'sent' | 'peakMib'>) }
}

/** Splits as many streams as there can be, while a victim sends its flows and loses three datagrams. */
export async function runSplitAttack({
  exporters,
  domains,
  victimFlows,
}: {
  readonly exporters: number
  readonly domains: number
  readonly victimFlows: number
}): Promise<VictimReport> {
  const pipeline = await startWriterAlone()
  const pipe = new PipeEnd(pipeline.pipePath)
  const victim = new Victim()
  try {
    const every = Math.max(1, Math.floor((exporters * domains * VICTIM_FLOWS) / victimFlows))
    const perTurn = Math.max(1, Math.round(victimFlows / VICTIM_FLOWS / (exporters * domains)))
    let turn = 0
    for (const lines of splitStreams(exporters, domains)) {
      await pipe.write(lines)
      turn += 1
      if (turn % every > 0) continue
      for (let count = 0; count < perTurn && victim.sent < victimFlows; count += 1) {
        if (victim.sent === victimFlows / 2) for (let lost = 0; lost < 3; lost += 1) victim.lose()
        await pipe.write(victim.line())
      }
    }
    while (victim.sent < victimFlows) await pipe.write(victim.line())
    await pipeline.expectNumber(STORED, victim.sent, 600_000)
    const peakMib = peakMibOf(pipeline)
    return { ...(await report(pipeline, victim)), peakMib }
  } finally {
    pipe.close()
    await pipeline.stop()
  }
}

/** How long the victim's flows took at most, during the attack and after it. */
interface LatencyReport extends VictimReport {
  readonly attackDatagrams: number
  readonly attackMbit: number
  /** Before the attack. */
  readonly quietMs: number
  readonly longestMs: number
  readonly afterMs: number
  readonly journalBytes: number
}

const VICTIM_EVERY_MS = 200
const QUIET_MS = 4_000
const LATEST = `
  select (extract(epoch from clock_timestamp() - max(received_at)) * 1000)::float8 as ms
  from flows where exporter = '192.0.2.1'`

/** Runs one costly attack at a bit rate, and measures the age of the victim's newest flow. */
export async function runCostlyAttack(
  attack: CostlyAttack,
  { seconds, megabits }: { readonly seconds: number; readonly megabits: number },
): Promise<LatencyReport> {
  const pipeline = await startWriterAlone()
  const pipe = new PipeEnd(pipeline.pipePath)
  const victim = new Victim()
  const ages: number[] = []
  let started = 0
  let isOver = false
  let sentBytes = 0
  let index = 0
  const attacking = async () => {
    started = performance.now()
    while (performance.now() < started + seconds * 1000) {
      const due = ((performance.now() - started) / 1000) * megabits * 125_000
      const lines: string[] = []
      for (; sentBytes < due && lines.length < 500; index += 1) {
        lines.push(attackLine(attack, index))
        sentBytes += attack.make(index).length
      }
      await pipe.write(lines.join(''))
      await sleep(5)
    }
  }
  const suffering = async () => {
    while (!isOver) {
      await pipe.write(victim.line())
      await sleep(VICTIM_EVERY_MS)
    }
  }
  const measuring = async () => {
    while (!isOver) {
      const [row] = await pipeline.ask(LATEST)
      if (row?.['ms'] !== null) ages.push(Number(row?.['ms']))
      await sleep(VICTIM_EVERY_MS)
    }
  }
  try {
    const others = Promise.all([suffering(), measuring()])
    await sleep(QUIET_MS)
    const before = ages.length
    await attacking()
    const during = ages.length
    await sleep(10_000)
    isOver = true
    await others
    const [journal] = await pipeline.ask('select position::float8 as bytes from journal_positions')
    const peakMib = peakMibOf(pipeline)
    return {
      ...(await report(pipeline, victim)),
      peakMib,
      attackDatagrams: index,
      attackMbit: (sentBytes * 8) / 1e6 / seconds,
      quietMs: Math.max(...ages.slice(Math.floor(before / 3), before)),
      longestMs: Math.max(...ages.slice(before, during)),
      afterMs: Math.max(...ages.slice(during + 5)),
      journalBytes: Number(journal?.['bytes']),
    }
  } finally {
    isOver = true
    pipe.close()
    await pipeline.stop()
  }
}
