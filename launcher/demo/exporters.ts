/**
 * The exporters of the demonstration: each turns invented flows into the messages of one NetFlow
 * stream, with its own boot time and sequence numbers.
 */

import {
  dataSet,
  type EncodedSet,
  encodeV5Message,
  encodeV9Message,
  type FieldSpecifier,
  optionsTemplateSet,
  type Template,
  templateSet,
} from './messages.ts'
import { type DemoFlow, type DemoSite, nextFlows, type Random } from './traffic.ts'

/** The age of the routers. */
const UPTIME_MS = 3 * 86_400_000

interface DemoMessage {
  readonly bytes: Buffer
  readonly flows: number
}

interface DemoExporterOptions {
  readonly site: DemoSite
  readonly random: Random
  /** Engine type × 256 + engine id of v5, the source id of v9. */
  readonly observationDomain: number
  /** The present time, Unix milliseconds. */
  readonly nowMs: number
}

/** One stream. A message that was made but not sent is missing in its sequence. */
export interface DemoExporter {
  readonly exportVersion: 5 | 9
  readonly observationDomain: number
  /** Makes the next message; `nowMs` is Unix time in milliseconds. */
  nextMessage(nowMs: number): DemoMessage
}

const V5_FLOWS_PER_MESSAGE = 30
const V5_NEXT_HOP = '198.51.100.254'

/** Exports v5; the sequence counts flows. */
export class V5DemoExporter implements DemoExporter {
  readonly exportVersion = 5
  readonly observationDomain: number
  readonly #options: DemoExporterOptions
  readonly #bootMs: number
  #sequence = 0

  constructor(options: DemoExporterOptions) {
    this.#options = options
    this.observationDomain = options.observationDomain
    this.#bootMs = options.nowMs - UPTIME_MS
  }

  nextMessage(nowMs: number): DemoMessage {
    const { site, random } = this.#options
    const sysUptimeMs = nowMs - this.#bootMs
    const flows = nextFlows(site, random, V5_FLOWS_PER_MESSAGE)
    const header = {
      sysUptimeMs,
      unixSeconds: Math.floor(nowMs / 1000),
      unixNanos: (nowMs % 1000) * 1_000_000,
      sequence: this.#sequence,
      engineType: this.observationDomain >>> 8,
      engineId: this.observationDomain & 255,
    }
    this.#sequence += flows.length
    const bytes = encodeV5Message(
      header,
      flows.map((flow) => ({ ...flow, nextHop: V5_NEXT_HOP, ...flowTimes(flow, sysUptimeMs) })),
    )
    return { bytes, flows: flows.length }
  }
}

const V9_FLOWS_PER_MESSAGE = 16
/** Templates and the sampler are repeated, as routers do. */
const V9_TEMPLATE_EVERY = 20

const COMMON_FIELDS: readonly FieldSpecifier[] = [
  [7, 2], // source port
  [11, 2], // destination port
  [4, 1], // protocol
  [5, 1], // type of service
  [6, 1], // TCP flags
  [10, 4], // input interface
  [14, 4], // output interface
  [1, 8], // bytes
  [2, 8], // packets
  [22, 4], // first switched
  [21, 4], // last switched
  [16, 4], // source AS
  [17, 4], // destination AS
  [61, 1], // direction
  [48, 1], // sampler
]
const IPV4_TEMPLATE: Template = {
  id: 256,
  fields: [[8, 4], [12, 4], [9, 1], [13, 1], ...COMMON_FIELDS],
}
const IPV6_TEMPLATE: Template = {
  id: 257,
  fields: [[27, 16], [28, 16], [29, 1], [30, 1], ...COMMON_FIELDS],
}
/** Scope system; sampler id, mode (2: random), sampling interval. */
const SAMPLER_TEMPLATE = {
  id: 258,
  scopes: [[1, 4]],
  fields: [
    [48, 1],
    [49, 1],
    [50, 4],
  ],
} as const
const SAMPLER_ID = 1
const SAMPLER_MODE = 2

/** Exports v9; the sequence counts messages. */
export class V9DemoExporter implements DemoExporter {
  readonly exportVersion = 9
  readonly observationDomain: number
  readonly #options: DemoExporterOptions
  readonly #bootMs: number
  #sequence = 0

  constructor(options: DemoExporterOptions) {
    this.#options = options
    this.observationDomain = options.observationDomain
    this.#bootMs = options.nowMs - UPTIME_MS
  }

  nextMessage(nowMs: number): DemoMessage {
    const { site, random } = this.#options
    const sysUptimeMs = nowMs - this.#bootMs
    const flows = nextFlows(site, random, V9_FLOWS_PER_MESSAGE)
    const header = {
      sysUptimeMs,
      unixSeconds: Math.floor(nowMs / 1000),
      sequence: this.#sequence,
      sourceId: this.observationDomain,
    }
    const sets = this.#sequence % V9_TEMPLATE_EVERY === 0 ? describeStream(site.samplingRate) : []
    this.#sequence += 1
    const data = [
      ...encodeFlows(
        IPV4_TEMPLATE,
        sysUptimeMs,
        flows.filter((flow) => !isIpv6(flow)),
      ),
      ...encodeFlows(IPV6_TEMPLATE, sysUptimeMs, flows.filter(isIpv6)),
    ]
    return { bytes: encodeV9Message(header, [...sets, ...data]), flows: flows.length }
  }
}

function describeStream(samplingRate: number): EncodedSet[] {
  return [
    templateSet([IPV4_TEMPLATE, IPV6_TEMPLATE]),
    optionsTemplateSet([SAMPLER_TEMPLATE]),
    dataSet(SAMPLER_TEMPLATE, [[0, SAMPLER_ID, SAMPLER_MODE, samplingRate]]),
  ]
}

function isIpv6(flow: DemoFlow): boolean {
  return flow.srcAddr.includes(':')
}

function encodeFlows(
  template: Template,
  sysUptimeMs: number,
  flows: readonly DemoFlow[],
): EncodedSet[] {
  if (flows.length === 0) return []
  const records = flows.map((flow) => {
    const { firstUptimeMs, lastUptimeMs } = flowTimes(flow, sysUptimeMs)
    const ends = [
      flow.srcAddr,
      flow.dstAddr,
      flow.srcMask,
      flow.dstMask,
      flow.srcPort,
      flow.dstPort,
    ]
    const kind = [flow.protocol, flow.tos, flow.tcpFlags, flow.inputIf, flow.outputIf]
    const counters = [flow.bytes, flow.packets, firstUptimeMs, lastUptimeMs]
    return [...ends, ...kind, ...counters, flow.srcAs, flow.dstAs, 0, SAMPLER_ID]
  })
  return [dataSet(template, records)]
}

function flowTimes({ durationMs, idleMs }: DemoFlow, sysUptimeMs: number) {
  const lastUptimeMs = sysUptimeMs - idleMs
  return { firstUptimeMs: lastUptimeMs - durationMs, lastUptimeMs }
}
