/**
 * One run of the demonstration: three exporters send for a few seconds. Two messages of one
 * exporter are made but not sent, as if the network had lost them.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type DemoExporter, V5DemoExporter, V9DemoExporter } from './exporters.ts'
import type { DemoRun } from './queries.ts'
import { DemoSender } from './sender.ts'
import { seededRandom } from './traffic.ts'

/** A run sends in equal steps, however long it lasts. */
const TICKS = 50
const MESSAGES_PER_TICK = 2
/** Successive messages of the first exporter that are not sent. */
const LOST_MESSAGES = 2

/** An office with a v5 router, a campus with sampling, and a data centre with much IPv6. */
const SITES = [
  { number: 1, ipv6Share: 0, samplingRate: 1 },
  { number: 2, ipv6Share: 0.2, samplingRate: 100 },
  { number: 3, ipv6Share: 0.6, samplingRate: 1 },
] as const

export interface DemoProgress {
  /** Handed to the network. */
  flows: number
  datagrams: number
  /** Made but not sent. */
  lostFlows: number
  /** The part of the run that is over, from 0 to 1. */
  share: number
}

interface DemoOptions {
  readonly host: string
  readonly port: number
  readonly durationMs: number
  readonly onProgress: (progress: Readonly<DemoProgress>) => void
}

interface Stream {
  readonly exporter: DemoExporter
  readonly sender: DemoSender
}

/** The run and its progress. */
export class Demo {
  readonly #options: DemoOptions
  readonly #progress: DemoProgress = { flows: 0, datagrams: 0, lostFlows: 0, share: 0 }
  readonly #startedAtMs: number
  readonly #streams: readonly Stream[]

  /** @param nowMs Unix milliseconds; the streams of each run have ids of its second */
  constructor(options: DemoOptions, nowMs: number) {
    this.#options = options
    this.#startedAtMs = nowMs
    const { host, port } = options
    const isLoopback = host.startsWith('127.')
    this.#streams = makeExporters(nowMs).map((exporter, index) => ({
      exporter,
      sender: new DemoSender({
        host,
        port,
        ...(isLoopback && { sourceAddress: `127.0.0.${index + 1}` }),
      }),
    }))
  }

  get run(): DemoRun {
    return {
      startedAtMs: this.#startedAtMs,
      streams: this.#streams.map(({ exporter }) => exporter),
    }
  }

  /** The distinct source addresses of the datagrams. */
  get sourceAddresses(): readonly string[] {
    return [...new Set(this.#streams.map(({ sender }) => sender.sourceAddress))]
  }

  async start(): Promise<void> {
    for (const { sender } of this.#streams) await sender.start()
  }

  /** Sends the whole run. @throws NoCollectorError */
  async send(): Promise<Readonly<DemoProgress>> {
    const { durationMs, onProgress } = this.#options
    const tickMs = durationMs / TICKS
    const lostTick = Math.floor(TICKS * 0.4)
    const started = performance.now()
    for (let tick = 0; tick < TICKS; tick += 1) {
      await this.#sendTick()
      if (tick === lostTick) this.#loseMessages()
      await sleep(Math.max(0, started + (tick + 1) * tickMs - performance.now()))
      for (const { sender } of this.#streams) sender.check()
      this.#progress.share = (tick + 1) / TICKS
      onProgress(this.#progress)
    }
    return this.#progress
  }

  async #sendTick(): Promise<void> {
    for (const { exporter, sender } of this.#streams) {
      for (let message = 0; message < MESSAGES_PER_TICK; message += 1) {
        const { bytes, flows } = exporter.nextMessage(Date.now())
        await sender.send(bytes)
        this.#progress.flows += flows
        this.#progress.datagrams += 1
      }
    }
  }

  #loseMessages(): void {
    for (let message = 0; message < LOST_MESSAGES; message += 1) {
      this.#progress.lostFlows += this.#streams[0]?.exporter.nextMessage(Date.now()).flows ?? 0
    }
  }

  async stop(): Promise<void> {
    for (const { sender } of this.#streams) await sender.stop()
  }
}

function makeExporters(nowMs: number): DemoExporter[] {
  const seconds = Math.floor(nowMs / 1000)
  return SITES.map((site, index) => {
    const options = { site, random: seededRandom(site.number), nowMs }
    if (index === 0) return new V5DemoExporter({ ...options, observationDomain: seconds % 65_536 })
    // The exporters may have to share one address, so their source ids differ.
    return new V9DemoExporter({ ...options, observationDomain: ((seconds * 4) % 2 ** 32) + index })
  })
}
