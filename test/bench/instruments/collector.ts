/**
 * The collector from the socket into the pipe, beside a bare socket that only counts: CPU a datagram,
 * and the highest rate at which nothing is lost.
 */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchRow, figure } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { readCpuSeconds } from '../measure/process-usage.ts'
import { findHighestRate, type HighestRate } from '../measure/rate-search.ts'
import { type StartReceiver, startBareReceiver, startCollector } from '../measure/receivers.ts'
import { ratiosOf } from '../measure/spread.ts'
import { Sender } from '../traffic/sender.ts'
import type { Instrument, Workbench } from './instrument.ts'

/** The receiver works on what came last. */
const SETTLE_MS = 200
const WARM_UP_RATE = 40_000
/** A virtual machine that is held up for some 20 ms has a full receive buffer. */
const MAX_ATTEMPTS = 5
const RECEIVERS = { collector: startCollector, bare: startBareReceiver } as const
const COLUMNS = {
  ratio: 'CPU of a bare socket',
  cpu: 'CPU µs a datagram',
  bareCpu: 'bare socket µs',
  rateRatio: 'rate of a bare socket',
  rate: 'datagrams/s without loss',
  bareRate: 'bare socket datagrams/s',
} as const

export const COLLECTOR_BENCH: Instrument = {
  id: 'collector',
  isQuick: true,
  measure: async (workbench) => {
    const rows: BenchRow[] = []
    for (const bytes of workbench.size.collector.bytes) {
      rows.push(...(await measureSize(workbench, bytes)))
    }
    return {
      id: 'collector',
      title: 'Collector: from the socket into the pipe',
      rowTitle: 'datagrams of',
      columns: Object.values(COLUMNS),
      rows,
      note:
        'CPU is of rounds that lost nothing. The highest rate is that at which one of two tries lost ' +
        'nothing. ≥: the sender, on the same machine, could not send more. The kernel allows a ' +
        `receive buffer of ${receiveBufferLimit()}.`,
    }
  },
}

async function measureSize(
  { size, folder, progress }: Workbench,
  bytes: number,
): Promise<BenchRow[]> {
  const sender = new Sender()
  await sender.start({ content: { bytes }, datagrams: 1 })
  const name = `${bytes.toLocaleString('en')} bytes`
  const rows: BenchRow[] = []
  try {
    for (const rate of size.collector.rates) {
      const { seconds, warmUp } = size.collector
      const title = `${name}, ${rate.toLocaleString('en')}/s`
      const onLost = (lost: number) => progress(`${title}: ${lost} datagrams lost, once more`)
      const load = { rate, seconds, warmUp, onLost }
      const cpu = await interleave({
        variants: {
          collector: () => measureCpu(sender, RECEIVERS.collector, folder, load),
          bare: () => measureCpu(sender, RECEIVERS.bare, folder, load),
        },
        rounds: size.rounds,
        warmUp: false,
        onTurn: (variant, round) => progress(`${title}: CPU of ${variant}, round ${round}`),
      })
      rows.push(describeCpu(title, cpu))
    }
    const search = (start: StartReceiver) => () => {
      const { searchFrom: from, searchTo: to, searchSteps: steps, seconds } = size.collector
      const trial = (rate: number) => tryRate(sender, start, folder, { rate, seconds })
      return findHighestRate({ trial, from, to, steps })
    }
    const rates = await interleave({
      variants: { collector: search(RECEIVERS.collector), bare: search(RECEIVERS.bare) },
      rounds: size.collector.searches,
      warmUp: false,
      onTurn: (variant) => progress(`${name}: highest rate of ${variant}`),
    })
    rows.push(describeRates(`${name}, highest rate`, rates))
    return rows
  } finally {
    await sender.stop()
  }
}

interface Load {
  readonly rate: number
  readonly seconds: number
}

interface CpuLoad extends Load {
  /** Datagrams before what is measured. */
  readonly warmUp: number
  /** Told when a round counts for nothing. */
  readonly onLost: (datagrams: number) => void
}

/**
 * Gives microseconds of CPU a datagram. When some were lost it tries again: who loses has less to do.
 *
 * @throws when datagrams are lost every time
 */
async function measureCpu(
  sender: Sender,
  start: StartReceiver,
  folder: string,
  load: CpuLoad,
): Promise<number> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const { cpu, lost } = await tryCpu(sender, start, folder, load)
    if (lost === 0) return cpu
    load.onLost(lost)
  }
  throw new Error(
    `at ${load.rate} datagrams/s some were lost ${MAX_ATTEMPTS} times: this machine has too much else ` +
      'to do, or net.core.rmem_max is too low',
  )
}

async function tryCpu(
  sender: Sender,
  start: StartReceiver,
  folder: string,
  { rate, seconds, warmUp: warmUpCount }: CpuLoad,
): Promise<{ readonly cpu: number; readonly lost: number }> {
  const receiver = await start(folder)
  // Code is compiled with the first datagrams.
  const warmUp = await sender.send({
    port: receiver.port,
    rate: Math.max(rate, WARM_UP_RATE),
    count: warmUpCount,
  })
  await sleep(SETTLE_MS)
  const before = readCpuSeconds(receiver.pid)
  const { count } = await sender.send({
    port: receiver.port,
    rate,
    count: Math.ceil(rate * seconds),
  })
  await sleep(SETTLE_MS)
  const after = readCpuSeconds(receiver.pid)
  const received = await receiver.stop()
  const lost = warmUp.count + count - received
  const isKnown = before !== undefined && after !== undefined
  return { cpu: isKnown ? ((after - before) / count) * 1e6 : Number.NaN, lost }
}

async function tryRate(
  sender: Sender,
  start: StartReceiver,
  folder: string,
  { rate, seconds }: Load,
) {
  const receiver = await start(folder)
  const { port } = receiver
  const sent = await sender.send({ port, rate, count: Math.ceil(rate * seconds) })
  const received = await receiver.stop()
  return { isLossless: received === sent.count, rate: sent.rate }
}

type ByReceiver<Result> = Readonly<Record<keyof typeof RECEIVERS, readonly Result[]>>

function describeCpu(name: string, cpu: ByReceiver<number>): BenchRow {
  const figures = {
    [COLUMNS.ratio]: figure(ratiosOf(cpu.collector, cpu.bare), 2),
    [COLUMNS.cpu]: figure(cpu.collector, 1),
    [COLUMNS.bareCpu]: figure(cpu.bare, 1),
  }
  return { name, figures }
}

function describeRates(name: string, rates: ByReceiver<HighestRate>): BenchRow {
  const rateFigure = (found: readonly HighestRate[]) => ({
    ...figure(
      found.map(({ rate }) => rate),
      0,
    ),
    isLowerBound: found.some(({ isLowerBound }) => isLowerBound),
  })
  const rate = rateFigure(rates.collector)
  const bareRate = rateFigure(rates.bare)
  const figures = {
    [COLUMNS.rateRatio]: figure(ratiosOf(rate.samples, bareRate.samples), 2),
    [COLUMNS.rate]: rate,
    [COLUMNS.bareRate]: bareRate,
  }
  return { name, figures }
}

function receiveBufferLimit(): string {
  try {
    const bytes = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'))
    return `${bytes.toLocaleString('en')} bytes`
  } catch {
    return 'unknown size'
  }
}
