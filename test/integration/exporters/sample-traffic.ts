/** The conversations that every real exporter sees: small, fixed, and of every common kind. */

import { PROTOCOL } from '../../helpers/ethernet-frames.ts'
import type { CapturedPacket } from '../../helpers/packet-capture.ts'

interface Conversation extends Omit<CapturedPacket, 'atMs' | 'payloadBytes' | 'tcpFlags'> {
  /** Payload of each packet there and back, in turn. */
  readonly forwardPayload: number
  readonly backwardPayload: number
  readonly rounds: number
  readonly stepMs: number
}

/** Type and code of an echo request and of the reply. */
const ECHO = { [PROTOCOL.icmp]: [0x0800, 0], [PROTOCOL.icmp6]: [0x8000, 0x8100] } as const

const V4_CONVERSATIONS: readonly Conversation[] = [
  tcp('10.1.0.10', '192.0.2.80', 40_001, 443, { rounds: 12, stepMs: 250 }),
  tcp('10.1.0.11', '192.0.2.80', 40_002, 80, { rounds: 5, stepMs: 700 }),
  tcp('10.1.0.12', '198.51.100.22', 40_003, 22, { rounds: 8, stepMs: 400 }),
  udp('10.1.0.10', '203.0.113.53', 51_000, 53, { rounds: 1, stepMs: 30 }),
  udp('10.1.0.13', '203.0.113.5', 5004, 5004, { rounds: 20, stepMs: 120 }),
  ping('10.1.0.10', '192.0.2.1', PROTOCOL.icmp),
]

const V6_CONVERSATIONS: readonly Conversation[] = [
  tcp('2001:db8:1::10', '2001:db8:2::80', 40_010, 443, { rounds: 9, stepMs: 300 }),
  udp('2001:db8:1::10', '2001:db8:2::53', 51_010, 53, { rounds: 2, stepMs: 90 }),
  ping('2001:db8:1::10', '2001:db8:2::1', PROTOCOL.icmp6),
]

type Pace = Pick<Conversation, 'rounds' | 'stepMs'>

function tcp(srcAddr: string, dstAddr: string, srcPort: number, dstPort: number, pace: Pace) {
  const ends = { srcAddr, dstAddr, srcPort, dstPort }
  return { ...ends, protocol: PROTOCOL.tcp, forwardPayload: 80, backwardPayload: 1400, ...pace }
}

function udp(srcAddr: string, dstAddr: string, srcPort: number, dstPort: number, pace: Pace) {
  const ends = { srcAddr, dstAddr, srcPort, dstPort }
  return { ...ends, protocol: PROTOCOL.udp, forwardPayload: 41, backwardPayload: 137, ...pace }
}

function ping(srcAddr: string, dstAddr: string, protocol: keyof typeof ECHO): Conversation {
  const payload = { forwardPayload: 56, backwardPayload: 56 }
  const [dstPort] = ECHO[protocol]
  return { srcAddr, dstAddr, protocol, dstPort, ...payload, rounds: 3, stepMs: 1000 }
}

const ECHO_V4 = [
  { type: 0, code: 0, packets: 3 },
  { type: 8, code: 0, packets: 3 },
]
const ECHO_V6 = [
  { type: 128, code: 0, packets: 3 },
  { type: 129, code: 0, packets: 3 },
]

/** The ICMP in the traffic of these families, as `listIcmp` returns it. */
export const SAMPLE_ICMP = { ipv4: ECHO_V4, both: [...ECHO_V4, ...ECHO_V6] } as const

export interface SampleOptions {
  /** Capture time of the first packet, Unix milliseconds. */
  readonly startMs: number
  readonly families: 'ipv4' | 'both'
  /** Number of name lookups beside the fixed conversations, each by a client of its own. */
  readonly lookups?: number
}

/** Makes the packets in the order of time. */
export function sampleTraffic(options: SampleOptions): CapturedPacket[] {
  const { startMs, families, lookups = 0 } = options
  const conversations = [
    ...V4_CONVERSATIONS,
    ...(families === 'both' ? V6_CONVERSATIONS : []),
    ...Array.from({ length: lookups }, (_, client) =>
      udp(`10.2.${client >> 8}.${client & 255}`, '203.0.113.53', 53_000, 53, LOOKUP_PACE),
    ),
  ]
  return conversations
    .flatMap((conversation, index) => packetsOf(conversation, startMs + ((index * 37) % 3_000)))
    .sort((a, b) => a.atMs - b.atMs)
}

const LOOKUP_PACE = { rounds: 1, stepMs: 30 }

const FLAGS = { syn: 0x02, synAck: 0x12, ack: 0x18, finAck: 0x11 } as const

function packetsOf(conversation: Conversation, startMs: number): CapturedPacket[] {
  const { rounds, stepMs, forwardPayload, backwardPayload, ...plan } = conversation
  const there = (atMs: number, tcpFlags: number, payloadBytes = forwardPayload) => {
    return { ...plan, atMs, tcpFlags, payloadBytes }
  }
  const back = (atMs: number, tcpFlags: number, payloadBytes = backwardPayload) => {
    return { ...there(atMs, tcpFlags, payloadBytes), ...reversed(conversation) }
  }
  const packets = []
  for (let round = 0; round < rounds; round += 1) {
    const atMs = startMs + round * stepMs
    const opening = round === 0 && plan.protocol === PROTOCOL.tcp
    packets.push(there(atMs, opening ? FLAGS.syn : FLAGS.ack, opening ? 0 : undefined))
    packets.push(back(atMs + 11, opening ? FLAGS.synAck : FLAGS.ack, opening ? 0 : undefined))
  }
  if (plan.protocol === PROTOCOL.tcp) {
    packets.push(there(startMs + rounds * stepMs, FLAGS.finAck, 0))
    packets.push(back(startMs + rounds * stepMs + 11, FLAGS.finAck, 0))
  }
  return packets
}

function reversed(conversation: Conversation) {
  const { srcAddr, dstAddr, srcPort = 0, dstPort = 0, protocol } = conversation
  const ends = { srcAddr: dstAddr, dstAddr: srcAddr }
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6) {
    return { ...ends, dstPort: ECHO[protocol][1] }
  }
  return { ...ends, srcPort: dstPort, dstPort: srcPort }
}
