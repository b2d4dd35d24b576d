/**
 * Both processes as a small box runs them: without any datagram, and at ordinary rates. The yardstick
 * of the collector is a socket of Node that reads one datagram a call and only counts.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../helpers/free-port.ts'
import { startPipeline } from '../../helpers/pipeline.ts'
import { BenchDatabase } from '../measure/bench-database.ts'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { readCpuSeconds, readWakeUps } from '../measure/process-usage.ts'
import { startBareReceiver } from '../measure/receivers.ts'
import { ratiosOf } from '../measure/spread.ts'
import { V5_STREAM } from '../traffic/sample-messages.ts'
import { Sender } from '../traffic/sender.ts'
import type { Instrument, Workbench } from './instrument.ts'

/** Gets code compiled; far below what any receiver here loses. */
const WARM_UP_RATE = 2_000
/** The last batch of the warm-up is committed by then, and everything is quiet. */
const SETTLE_MS = 2_500
const DATAGRAMS = 1_000

/** What a process used for a while: shares of a core, and how often it woke in a second. */
interface Usage {
  readonly cpu: number
  readonly wakeUps: number
}

/** One round at one rate. */
interface Round {
  readonly receiver: Usage
  readonly writer: Usage
  readonly serverCpu: number
}

export const ORDINARY: Instrument = {
  id: 'ordinary',
  title: 'Ordinary rates: percent of a core',
  rowTitle: 'datagrams/s',
  isQuick: true,
  measure: async (workbench) => {
    const { rates, rounds } = workbench.size.ordinary
    const sender = new Sender()
    await sender.start({ content: { stream: V5_STREAM.name }, datagrams: DATAGRAMS }, 1)
    try {
      const results = await interleave(
        {
          pipeline: () => measurePipeline(workbench, sender),
          bare: () => measureBare(workbench, sender),
        },
        { rounds, warmUp: false, onTurn: workbench.progress },
      )
      return {
        rows: rates.map((rate, index) => describe(rate, atRate(results, index))),
        note:
          'v5 with 30 flows per datagram, sent at an even rate to processes with their default ' +
          'settings. The bare socket is one of Node, which reads one datagram a call and only ' +
          'counts. Wake-ups are voluntary context switches of all threads in a second.',
      }
    } finally {
      await sender.stop()
    }
  },
}

type Results = Record<'pipeline' | 'bare', readonly Round[]>

function atRate(results: Record<'pipeline' | 'bare', Round[][]>, index: number): Results {
  const pick = (rounds: Round[][]) => rounds.map((round) => round[index] as Round)
  return { pipeline: pick(results.pipeline), bare: pick(results.bare) }
}

function describe(rate: number, { pipeline, bare }: Results): BenchRow {
  const cpuOf = (rounds: readonly Round[]) => rounds.map(({ receiver }) => receiver.cpu)
  const ratio = rate === 0 ? {} : { 'collector of a bare socket': ratioFigure(pipeline, bare) }
  const figures = {
    ...ratio,
    'collector %': figure(cpuOf(pipeline), 2),
    'bare socket %': figure(cpuOf(bare), 2),
    'writer %': figureOf(pipeline, 2, ({ writer }) => writer.cpu),
    'both %': figureOf(pipeline, 2, ({ receiver, writer }) => receiver.cpu + writer.cpu),
    'PostgreSQL %': figureOf(pipeline, 1, ({ serverCpu }) => serverCpu),
    'collector wake-ups/s': figureOf(pipeline, 0, ({ receiver }) => receiver.wakeUps),
    'writer wake-ups/s': figureOf(pipeline, 0, ({ writer }) => writer.wakeUps),
    'bare wake-ups/s': figureOf(bare, 0, ({ receiver }) => receiver.wakeUps),
  }
  return { name: rate === 0 ? 'none' : rate.toLocaleString('en'), figures }

  function ratioFigure(ours: readonly Round[], theirs: readonly Round[]) {
    return figure(ratiosOf(cpuOf(ours), cpuOf(theirs)), 2)
  }
}

/** Runs collector and writer through all rates. */
async function measurePipeline({ size }: Workbench, sender: Sender): Promise<Round[]> {
  return BenchDatabase.with(async (database) => {
    const pipeline = await startPipeline({
      databaseUrl: database.url,
      environment: { LOG_LEVEL: 'warn', METRICS_PORT: String(await findFreePort()) },
      writerEnvironment: { METRICS_PORT: String(await findFreePort()) },
    })
    try {
      return await measureRates(size.ordinary, sender, {
        port: pipeline.port,
        receiver: pipeline.collector.pid as number,
        writer: pipeline.writer.pid as number,
        readServerCpu: () => database.readServerCpu('all but own'),
      })
    } finally {
      await pipeline.stop()
    }
  })
}

async function measureBare({ size }: Workbench, sender: Sender): Promise<Round[]> {
  const receiver = await startBareReceiver()
  try {
    return await measureRates(size.ordinary, sender, { ...receiver, receiver: receiver.pid })
  } finally {
    await receiver.stop()
  }
}

/** The processes to watch, and where to send. */
interface Watched {
  readonly port: number
  readonly receiver: number
  readonly writer?: number
  readonly readServerCpu?: () => number | undefined
}

async function measureRates(
  { rates, seconds, warmUp }: Workbench['size']['ordinary'],
  sender: Sender,
  watched: Watched,
): Promise<Round[]> {
  const { port } = watched
  await sender.send({ port, rate: WARM_UP_RATE, count: warmUp })
  const rounds: Round[] = []
  for (const rate of rates) {
    await sleep(SETTLE_MS)
    const finish = beginRound(watched)
    if (rate === 0) await sleep(seconds * 1000)
    else await sender.send({ port, rate, count: Math.ceil(rate * seconds) })
    rounds.push(finish())
  }
  return rounds
}

/** Begins to watch; the returned function ends that. */
function beginRound({ receiver, writer, readServerCpu }: Watched): () => Round {
  const started = performance.now()
  const before = read()
  return () => {
    const after = read()
    const seconds = (performance.now() - started) / 1000
    const usage = (pid: 'receiver' | 'writer'): Usage => ({
      cpu: ((after[pid].cpu - before[pid].cpu) / seconds) * 100,
      wakeUps: (after[pid].wakeUps - before[pid].wakeUps) / seconds,
    })
    const serverCpu = ((after.server - before.server) / seconds) * 100
    return { receiver: usage('receiver'), writer: usage('writer'), serverCpu }
  }

  function read() {
    const usageOf = (pid: number | undefined) => ({
      cpu: (pid === undefined ? undefined : readCpuSeconds(pid)) ?? Number.NaN,
      wakeUps: (pid === undefined ? undefined : readWakeUps(pid)) ?? Number.NaN,
    })
    const server = readServerCpu?.() ?? Number.NaN
    return { receiver: usageOf(receiver), writer: usageOf(writer), server }
  }
}
