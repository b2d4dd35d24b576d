/**
 * Invents plausible flows for the demonstration: web, video, name lookups, shells and pings in both
 * directions, between private addresses and addresses for documentation. The same random numbers
 * make the same flows.
 */

/** Returns a number from 0 (included) to 1 (excluded). */
export type Random = () => number

/** One direction of a conversation, as in the flow cache of a router. */
export interface DemoFlow {
  readonly srcAddr: string
  readonly dstAddr: string
  readonly srcPort: number
  /** For ICMP and ICMPv6: type × 256 + code. */
  readonly dstPort: number
  readonly protocol: number
  readonly tcpFlags: number
  readonly tos: number
  readonly packets: number
  readonly bytes: number
  readonly durationMs: number
  /** The time from the last packet to the export. */
  readonly idleMs: number
  readonly inputIf: number
  readonly outputIf: number
  readonly srcAs: number
  readonly dstAs: number
  readonly srcMask: number
  readonly dstMask: number
}

/** A network of clients behind one exporter. */
export interface DemoSite {
  /** The x in the clients' 10.x.0.0/16, and in their IPv6 prefix 2001:db8:x::/48. */
  readonly number: number
  /** The share of conversations over IPv6, from 0 to 1. */
  readonly ipv6Share: number
  /** The packets represented by one counted packet; 1: every packet is counted. */
  readonly samplingRate: number
}

interface Service {
  readonly protocol: 1 | 6 | 17
  readonly port: number
  readonly weight: number
  /** The bytes of the answer are between these, by a heavy-tailed distribution. */
  readonly minBytes: number
  readonly maxBytes: number
  /** The bytes of the request for each byte of the answer. */
  readonly requestShare: number
  /** The first three bytes of the servers' addresses, and the number of servers. */
  readonly network: string
  readonly servers: number
  readonly tos: number
}

const WEB = { minBytes: 2_500, maxBytes: 60_000_000, requestShare: 0.06, tos: 0 } as const
const LOOKUP = { minBytes: 90, maxBytes: 1_200, requestShare: 0.45, tos: 0 } as const

const SERVICES: readonly Service[] = [
  { ...WEB, protocol: 6, port: 443, weight: 38, network: '192.0.2', servers: 40 },
  { ...WEB, protocol: 6, port: 80, weight: 4, network: '192.0.2', servers: 12 },
  {
    ...{ protocol: 17, port: 443, weight: 8, network: '198.51.100', servers: 8 },
    ...{ minBytes: 60_000, maxBytes: 400_000_000, requestShare: 0.02, tos: 0x88 },
  },
  { ...LOOKUP, protocol: 17, port: 53, weight: 30, network: '203.0.113', servers: 2 },
  { ...LOOKUP, protocol: 17, port: 123, weight: 5, network: '203.0.113', servers: 4 },
  {
    ...{ protocol: 6, port: 22, weight: 5, network: '203.0.113', servers: 20 },
    ...{ minBytes: 3_000, maxBytes: 8_000_000, requestShare: 0.4, tos: 0x10 },
  },
  {
    ...{ protocol: 1, port: 0, weight: 6, network: '192.0.2', servers: 20 },
    ...{ minBytes: 84, maxBytes: 1_680, requestShare: 1, tos: 0 },
  },
]

const TOTAL_WEIGHT = SERVICES.reduce((sum, { weight }) => sum + weight, 0)
const ICMP_ECHO = {
  4: { protocol: 1, request: 8, reply: 0 },
  6: { protocol: 58, request: 128, reply: 129 },
}

/** The tail index: a smaller one puts more of all bytes into a few flows. */
const TAIL = 0.9
const MAX_PACKET_BYTES = 1_400
const MIN_PACKET_BYTES = 46

/** Creates a generator of random numbers (mulberry32); the same seed makes the same numbers. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Makes the next `count` flows that the exporter of the site counts. */
export function nextFlows(site: DemoSite, random: Random, count: number): DemoFlow[] {
  const flows: DemoFlow[] = []
  while (flows.length < count) {
    for (const flow of makeConversation(site, random)) {
      const counted = sampleFlow(flow, site.samplingRate, random)
      if (counted && flows.length < count) flows.push(counted)
    }
  }
  return flows
}

/** Counts one packet in `rate`, as a sampling router does; most short flows remain unseen. */
function sampleFlow(flow: DemoFlow, rate: number, random: Random): DemoFlow | undefined {
  if (rate === 1) return flow
  const packets = Math.floor(flow.packets / rate + random())
  if (packets === 0) return undefined
  const bytes = Math.round((flow.bytes / flow.packets) * packets)
  const durationMs = packets === 1 ? 0 : flow.durationMs
  return { ...flow, packets, bytes, durationMs }
}

function makeConversation(site: DemoSite, random: Random): [DemoFlow, DemoFlow] {
  const service = pickService(random)
  const version = random() < site.ipv6Share ? 6 : 4
  const answerBytes = heavyTail(service, random)
  const requestBytes = Math.max(60, Math.round(answerBytes * service.requestShare))
  const ends = pickEnds(site, service, { version, random })
  const durationMs = Math.round(Math.min(55_000, 20 + answerBytes / 400) * (0.3 + random()))
  const common = { tos: service.tos, durationMs, idleMs: Math.round(random() * 800) }
  const request = { ...ends, ...common, ...countPackets(requestBytes, answerBytes), inputIf: 2 }
  const answer = { ...reverseEnds(ends), ...common, ...countPackets(answerBytes, 0), inputIf: 1 }
  return [
    { ...request, outputIf: 1, tcpFlags: ends.protocol === 6 ? 0x1b : 0 },
    { ...answer, outputIf: 2, tcpFlags: ends.protocol === 6 ? 0x1b : 0 },
  ]
}

/** The receiver of bytes acknowledges at least every second packet of them. */
function countPackets(bytes: number, acknowledgedBytes: number) {
  const packets = Math.max(
    Math.ceil(bytes / MAX_PACKET_BYTES),
    Math.ceil(acknowledgedBytes / MAX_PACKET_BYTES / 2),
  )
  return { packets, bytes: Math.max(bytes, packets * MIN_PACKET_BYTES) }
}

function pickService(random: Random): Service {
  let remaining = random() * TOTAL_WEIGHT
  for (const service of SERVICES) {
    remaining -= service.weight
    if (remaining < 0) return service
  }
  return SERVICES[0] as Service
}

/** A bounded Pareto distribution. */
function heavyTail({ minBytes, maxBytes }: Service, random: Random): number {
  return Math.round(Math.min(maxBytes, minBytes * (1 - random()) ** (-1 / TAIL)))
}

type Ends = ReturnType<typeof pickEnds>

function pickEnds(site: DemoSite, service: Service, by: { version: 4 | 6; random: Random }) {
  const { version, random } = by
  // Cubed, so that a few hosts are much busier than the rest.
  const client = 10 + Math.floor(random() ** 3 * 200)
  const server = 10 + Math.floor(random() ** 3 * service.servers)
  const isIpv6 = version === 6
  const echo = ICMP_ECHO[version]
  const isEcho = service.protocol === 1
  return {
    srcAddr: isIpv6 ? `2001:db8:${site.number}::${client}` : `10.${site.number}.0.${client}`,
    dstAddr: isIpv6 ? `2001:db8:f${service.port}::${server}` : `${service.network}.${server}`,
    protocol: isEcho ? echo.protocol : service.protocol,
    srcPort: isEcho ? 0 : 32_768 + Math.floor(random() * 28_000),
    dstPort: isEcho ? echo.request * 256 : service.port,
    answerPort: isEcho ? echo.reply * 256 : undefined,
    srcAs: 64_496,
    dstAs: 64_500 + (server % 10),
    srcMask: isIpv6 ? 48 : 16,
    dstMask: isIpv6 ? 48 : 24,
  }
}

function reverseEnds(ends: Ends): Ends {
  return {
    ...ends,
    srcAddr: ends.dstAddr,
    dstAddr: ends.srcAddr,
    srcPort: ends.answerPort === undefined ? ends.dstPort : 0,
    dstPort: ends.answerPort ?? ends.srcPort,
    srcAs: ends.dstAs,
    dstAs: ends.srcAs,
    srcMask: ends.dstMask,
    dstMask: ends.srcMask,
  }
}
