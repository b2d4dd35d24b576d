/**
 * The collector from the socket into the pipe, in turns with a socket that only counts: CPU per
 * datagram, and the highest rate without loss.
 */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchRow, figure, figureOf } from '../measure/bench-table.ts'
import { interleave } from '../measure/interleave.ts'
import { readCpuSeconds } from '../measure/process-usage.ts'
import { findHighestRate, type HighestRate } from '../measure/rate-search.ts'
import { type StartReceiver, startBareReceiver, startCollector } from '../measure/receivers.ts'
import { ratiosOf } from '../measure/spread.ts'
import { Sender } from '../traffic/sender.ts'
import type { Instrument, Workbench } from './instrument.ts'

/** The receiver needs a moment for the last datagrams. */
const SETTLE_MS = 200
const WARM_UP_RATE = 40_000
/** A virtual machine that stalls for about 20 ms overflows the receive buffer. */
const MAX_ATTEMPTS = 5

export const COLLECTOR: Instrument = {
  id: 'collector',
  title: 'Collector: from the socket into the pipe',
  rowTitle: 'datagrams of',
  isQuick: true,
  measure: async (workbench) => {
    const rows: BenchRow[] = []
    for (const bytes of workbench.size.collector.bytes) {
      rows.push(...(await measureSize(workbench, bytes)))
    }
    return {
      rows,
      note:
        'CPU comes from rounds without loss. At the highest rate, at least one of two tries lost ' +
        'nothing. ≥: the sender, on the same machine, could not send faster. The kernel allows a ' +
        `receive buffer of ${receiveBufferLimit()}.`,
    }
  },
}

async function measureSize(workbench: Workbench, bytes: number): Promise<BenchRow[]> {
  const { rates } = workbench.size.collector
  const name = `${bytes.toLocaleString('en')} bytes`
  const sender = new Sender()
  await sender.start({ content: { bytes }, datagrams: 1 })
  const rows: BenchRow[] = []
  try {
    for (const rate of rates) {
      const title = `${name}, ${rate.toLocaleString('en')}/s`
      rows.push(await measureCpuRow(workbench, sender, { title, rate }))
    }
    rows.push(await measureRateRow(workbench, sender, name))
    return rows
  } finally {
    await sender.stop()
  }
}

async function measureCpuRow(
  { size, folder, progress }: Workbench,
  sender: Sender,
  { title, rate }: { readonly title: string; readonly rate: number },
): Promise<BenchRow> {
  const { seconds, warmUp } = size.collector
  const onLost = (lost: number) => progress(`${title}: ${lost} datagrams lost, trying again`)
  const load = { rate, seconds, warmUp, onLost }
  const cpu = await interleave(
    {
      collector: () => measureCpu(sender, startCollector, folder, load),
      bare: () => measureCpu(sender, startBareReceiver, folder, load),
    },
    { rounds: size.rounds, warmUp: false, onTurn: (text) => progress(`${title}: CPU of ${text}`) },
  )
  const figures = {
    'CPU of a bare socket': figure(ratiosOf(cpu.collector, cpu.bare), 2),
    'CPU µs a datagram': figure(cpu.collector, 1),
    'bare socket µs': figure(cpu.bare, 1),
  }
  return { name: title, figures }
}

async function measureRateRow(
  { size, folder, progress }: Workbench,
  sender: Sender,
  name: string,
): Promise<BenchRow> {
  const { searchFrom: from, searchTo: to, searchSteps: steps, seconds, searches } = size.collector
  const search = (start: StartReceiver) => () => {
    const trial = (rate: number) => tryRate(sender, start, folder, { rate, seconds })
    return findHighestRate({ trial, from, to, steps })
  }
  const rates = await interleave(
    { collector: search(startCollector), bare: search(startBareReceiver) },
    { rounds: searches, warmUp: false, onTurn: (text) => progress(`${name}: rate of ${text}`) },
  )
  const rate = rateFigure(rates.collector)
  const bareRate = rateFigure(rates.bare)
  const figures = {
    'rate of a bare socket': figure(ratiosOf(rate.samples, bareRate.samples), 2),
    'datagrams/s without loss': rate,
    'bare socket datagrams/s': bareRate,
  }
  return { name: `${name}, highest rate`, figures }
}

function rateFigure(found: readonly HighestRate[]) {
  const isLowerBound = found.some((highest) => highest.isLowerBound)
  return { ...figureOf(found, 0, ({ rate }) => rate), isLowerBound }
}

interface Load {
  readonly rate: number
  readonly seconds: number
}

interface CpuLoad extends Load {
  /** Datagrams before the measured ones. */
  readonly warmUp: number
  /** Called when a round does not count, with the number of lost datagrams. */
  readonly onLost: (datagrams: number) => void
}

/**
 * Measures microseconds of CPU per datagram. A round with losses is repeated, as a receiver that
 * loses datagrams has less to do.
 *
 * @throws when every attempt loses datagrams
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
    `${MAX_ATTEMPTS} attempts at ${load.rate} datagrams/s lost some: this machine is too busy, or ` +
      'net.core.rmem_max is too low',
  )
}

async function tryCpu(
  sender: Sender,
  start: StartReceiver,
  folder: string,
  { rate, seconds, warmUp: warmUpCount }: CpuLoad,
): Promise<{ readonly cpu: number; readonly lost: number }> {
  const receiver = await start(folder)
  const { port, pid } = receiver
  // The first datagrams get code compiled.
  const warmUpRate = Math.max(rate, WARM_UP_RATE)
  const warmUp = await sender.send({ port, rate: warmUpRate, count: warmUpCount })
  await sleep(SETTLE_MS)
  const before = readCpuSeconds(pid)
  const { count } = await sender.send({ port, rate, count: Math.ceil(rate * seconds) })
  await sleep(SETTLE_MS)
  const after = readCpuSeconds(pid)
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

function receiveBufferLimit(): string {
  try {
    const bytes = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'))
    return `${bytes.toLocaleString('en')} bytes`
  } catch {
    return 'unknown size'
  }
}
